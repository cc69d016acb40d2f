-- Lets the component in whose section it stands read what users of its home sent to it, from their archives (XEP-0313).
--
-- A component's stream has no acknowledgements: what the server had written into the socket of a gateway that was killed
-- is in nobody's hands. The user's archive still has it. Nothing else of the archive is shown, and nothing that was sent
-- after the component was lost: that was sent back, and its sender knows.
--
--   Component "mail.example.org"
--     component_secret = "..."
--     modules_enabled = { "component_archive" }
--     component_archive_home = "example.org"    -- where the users are; by default the domain one level up

local cache = require "util.cache";
local dataforms = require "util.dataforms";
local jid = require "util.jid";
local open_store = require "core.storagemanager".open;
local rsm = require "util.rsm";
local st = require "util.stanza";
local time_now = require "util.time".now;

local xmlns_mam = "urn:xmpp:mam:2";
local home = module:get_option_string("component_archive_home", (module.host:gsub("^[^.]+%.", "")));
local longest_page = 100;

local query_form = dataforms.new {
	{ name = "FORM_TYPE"; type = "hidden"; value = xmlns_mam };
	{ name = "start"; type = "text-single"; datatype = "xs:dateTime" };
	{ name = "end"; type = "text-single"; datatype = "xs:dateTime" };
};

local at_home = module:context(home);
local archive;
local session; -- The component's own.
-- When it was last lost. What was sent before this server started was not lost in any socket of it.
local lost = time_now();
-- What was sent back since. Stamps alone do not tell: archives may keep whole seconds.
local sent_back = cache.new(10000);

local function key(stanza)
	return jid.bare(stanza.attr.from) .. "\0" .. (stanza.attr.id or "");
end

module:hook("component-authenticated", function (event)
	session = event.session;
end);

module:hook("component-disconnected", function (event)
	if event.session ~= session then return; end
	session, lost = nil, time_now();
end);

module:hook("message/bare", function (event)
	if not session then sent_back:set(key(event.stanza), true); end
end);

-- To the millisecond, unlike the server's own stamps.
local function stamp(when)
	return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(when)) .. string.format(".%03dZ", math.floor(when % 1 * 1000));
end

local function was_lost_to_us(item)
	local _, host = jid.split(item.attr.to);
	return host == module.host and not sent_back:get(key(item));
end

local function answer(event)
	local origin, stanza = event.origin, event.stanza;
	if origin.type ~= "component" or origin.host ~= module.host then return; end
	local query = stanza.tags[1];
	local form = query:get_child("x", "jabber:x:data");
	local wanted, wrong = {}, nil;
	if form then wanted, wrong = query_form:data(form); end
	if wrong then
		origin.send(st.error_reply(stanza, "modify", "bad-request"));
		return true;
	end

	local page = rsm.get(query) or {};
	local most = math.min(page.max or longest_page, longest_page);
	local items, why = archive:find(jid.node(stanza.attr.to), {
		start = wanted["start"]; ["end"] = math.min(wanted["end"] or lost, lost); after = page.after;
	});
	if not items then
		local condition = why == "item-not-found" and why or "internal-server-error";
		origin.send(st.error_reply(stanza, "cancel", condition));
		return true;
	end

	local count, complete, first, last = 0, "true", nil, nil;
	for id, item, when in items do
		if not st.is_stanza(item) then item = st.deserialize(item); end
		if was_lost_to_us(item) then
			if count == most then
				complete = nil;
				break;
			end
			count, first, last = count + 1, first or id, id;
			item.attr.xmlns = "jabber:client";
			origin.send(st.message({ from = stanza.attr.to; to = stanza.attr.from })
				:tag("result", { xmlns = xmlns_mam; queryid = query.attr.queryid; id = id })
					:tag("forwarded", { xmlns = "urn:xmpp:forward:0" })
						:tag("delay", { xmlns = "urn:xmpp:delay"; stamp = stamp(when) }):up()
						:add_child(item));
		end
	end
	origin.send(st.reply(stanza)
		:tag("fin", { xmlns = xmlns_mam; complete = complete })
			:add_child(rsm.generate { first = first; last = last }));
	return true;
end

local function attach()
	archive = assert(open_store(home, at_home:get_option_string("archive_store", "archive"), "archive"));
	at_home:hook("iq-set/bare/" .. xmlns_mam .. ":query", answer, 10);
end

-- The order in which hosts are loaded is anybody's guess.
if prosody.hosts[home] then
	attach();
else
	module:hook_global("host-activated", function (host)
		if host == home then attach(); end
	end);
end
