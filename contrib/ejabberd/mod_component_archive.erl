%% Lets named components read what users of this host sent to them, from the users' archives (XEP-0313).
%%
%% A component's stream has no acknowledgements: what the server had written into the socket of a gateway that was killed
%% is in nobody's hands. The user's archive still has it. Nothing else of the archive is shown, and nothing that was sent
%% while the component was away: that was sent back, and its sender knows.
%%
%%   modules:
%%     mod_component_archive:
%%       components: [mail.example.org]

-module(mod_component_archive).
-behaviour(gen_mod).

-export([start/2, stop/1, reload/3, depends/2, mod_opt_type/1, mod_options/1, mod_doc/0]).
-export([process_iq/1, component_back/1, component_lost/2]).

-include("xmpp.hrl").

-define(LONGEST_PAGE, 100).
%% How many absences are remembered.
-define(MOST_ABSENCES, 100).

start(Host, Opts) ->
    %% What was sent before this server started was not lost in any socket of it.
    [remember(Component, [{0, away}]) || Component <- maps:get(components, Opts)],
    ejabberd_hooks:add(component_connected, ?MODULE, component_back, 50),
    ejabberd_hooks:add(component_disconnected, ?MODULE, component_lost, 50),
    %% mod_mam has the handler; it gets all that is not ours.
    gen_iq_handler:add_iq_handler(ejabberd_sm, Host, ?NS_MAM_2, ?MODULE, process_iq),
    ok.

stop(Host) ->
    case gen_mod:is_loaded_elsewhere(Host, ?MODULE) of
        true ->
            ok;
        false ->
            ejabberd_hooks:delete(component_connected, ?MODULE, component_back, 50),
            ejabberd_hooks:delete(component_disconnected, ?MODULE, component_lost, 50)
    end,
    gen_iq_handler:add_iq_handler(ejabberd_sm, Host, ?NS_MAM_2, mod_mam, process_iq_v0_3).

reload(_Host, _NewOpts, _OldOpts) ->
    ok.

depends(_Host, _Opts) ->
    [{mod_mam, hard}].

mod_opt_type(components) ->
    econf:list(econf:domain()).

mod_options(_Host) ->
    [{components, []}].

mod_doc() ->
    #{desc => <<"Lets components read what users sent to them, from the users' archives.">>}.

%% The absences of a component, the latest first: when it was lost and when it came back, in microseconds.
absences(Component) ->
    persistent_term:get({?MODULE, Component}, []).

remember(Component, Absences) ->
    persistent_term:put({?MODULE, Component}, lists:sublist(Absences, ?MOST_ABSENCES)).

component_back(Component) ->
    case absences(Component) of
        [{Lost, away} | Others] -> remember(Component, [{Lost, now_usec()} | Others]);
        _ -> ok
    end.

component_lost(Component, _Reason) ->
    case absences(Component) of
        [{_, Back} | _] = Absences when is_integer(Back) -> remember(Component, [{now_usec(), away} | Absences]);
        _ -> ok
    end.

now_usec() ->
    erlang:system_time(microsecond).

process_iq(#iq{type = set, sub_els = [#mam_query{xmlns = ?NS_MAM_2} = Query],
               from = #jid{luser = <<>>, lserver = Component}, to = #jid{lserver = Host} = User} = IQ) ->
    Components = gen_mod:get_module_opt(Host, ?MODULE, components),
    case lists:member(Component, Components) of
        true -> answer(IQ, jid:remove_resource(User), Component, Query);
        false -> mod_mam:process_iq_v0_3(IQ)
    end;
process_iq(IQ) ->
    mod_mam:process_iq_v0_3(IQ).

answer(#iq{lang = Lang} = IQ, #jid{lserver = Host} = User, Component, #mam_query{id = Id} = Query) ->
    [{Lost, _} | _] = Absences = absences(Component),
    case wanted(Query, misc:usec_to_now(Lost)) of
        error ->
            xmpp:make_error(IQ, xmpp:err_bad_request(<<"Invalid form">>, Lang));
        Wanted ->
            case mod_mam:select(Host, User, User, Wanted, page(Query), chat, all) of
                {error, _} ->
                    xmpp:make_error(IQ, xmpp:err_internal_server_error(<<"Database failure">>, Lang));
                {Items, IsComplete, Count} ->
                    To = jid:make(Component),
                    [ejabberd_router:route(result(User, To, Id, Item))
                     || Item <- Items, is_for(Component, Item), not was_sent_back(Absences, Item)],
                    xmpp:make_iq_result(IQ, #mam_fin{xmlns = ?NS_MAM_2, complete = IsComplete, rsm = rsm(Items, Count)})
            end
    end.

wanted(#mam_query{xdata = undefined}, Lost) ->
    [{'end', Lost}];
wanted(#mam_query{xdata = #xdata{fields = Fields}}, Lost) ->
    %% The decoder wants the form type of the version before.
    Others = [Field || #xdata_field{var = Var} = Field <- Fields, Var =/= <<"FORM_TYPE">>],
    Type = #xdata_field{var = <<"FORM_TYPE">>, type = hidden, values = [?NS_MAM_1]},
    try mam_query:decode([Type | Others]) of
        Form ->
            End = min(proplists:get_value('end', Form, Lost), Lost),
            [{'end', End} | [{start, Start} || {start, Start} <- Form]]
    catch
        _:{mam_query, _} -> error
    end.

page(#mam_query{rsm = #rsm_set{max = Max, 'after' = After}}) when is_integer(Max) ->
    #rsm_set{max = min(Max, ?LONGEST_PAGE), 'after' = After};
page(_) ->
    #rsm_set{max = ?LONGEST_PAGE}.

rsm([], Count) ->
    #rsm_set{count = Count};
rsm([{First, _, _} | _] = Items, Count) ->
    {Last, _, _} = lists:last(Items),
    #rsm_set{first = #rsm_first{data = First}, last = Last, count = Count}.

result(User, To, Id, {ItemId, _, Forwarded}) ->
    Result = #mam_result{xmlns = ?NS_MAM_2, id = ItemId, queryid = Id, sub_els = [Forwarded]},
    #message{from = User, to = To, sub_els = [Result]}.

was_sent_back(Absences, {_, At, _}) ->
    lists:any(fun({Lost, Back}) -> At >= Lost andalso At =< Back end, Absences).

is_for(Component, {_, _, #forwarded{sub_els = [Message]}}) ->
    try xmpp:get_to(xmpp:decode(Message, ?NS_CLIENT, [ignore_els])) of
        #jid{lserver = Component} -> true;
        _ -> false
    catch
        _:_ -> false
    end;
is_for(_, _) ->
    false.
