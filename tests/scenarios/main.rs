//! The scenarios: real servers, real protocols, one behaviour each.

/// Plays `story` on each XMPP server.
macro_rules! on_both_servers {
    () => {
        #[test]
        fn on_prosody() -> anyhow::Result<()> {
            story(causeway_tests::servers::xmpp::Kind::Prosody)
        }

        #[test]
        fn on_ejabberd() -> anyhow::Result<()> {
            story(causeway_tests::servers::xmpp::Kind::Ejabberd)
        }
    };
}

mod accepted_then_bounced_mail_becomes_error_stanza;
mod admins_give_orders;
mod bounce_only_to_a_proven_sender;
mod clock_jumps_change_only_the_dates;
mod commands_are_offered_and_done;
mod contact_can_be_added;
mod contact_has_a_card_and_a_picture;
mod contacts_are_kept_by_command;
mod conversation_in_profanity;
mod conversation_stays_one_thread;
mod corrections_and_retractions_reach_the_mailbox;
mod delayed_mail_is_told;
mod direct_mx;
mod errors_name_the_encryption_and_speak_german;
mod failing_sync_stops_the_gateway;
mod files_travel_both_ways;
mod forged_copies_are_nobodys_words;
mod full_disk_refuses_and_recovers;
mod gateway_answers_in_a_chat;
mod gateway_can_be_discovered;
mod gateway_is_away_while_nothing_can_leave;
mod half_open_link_is_noticed;
mod html_only_mail_is_readable;
mod imap_way;
mod kill9_loses_nothing_at_all_where_archives_are_read;
mod kill9_under_load_loses_nothing;
mod large_files_stay_where_they_are;
mod limits_are_told;
mod links_into_the_house_are_not_followed;
mod live_messages_bear_no_delay;
mod mail_with_attachment_names_it;
mod many_contacts_leave_and_come_back;
mod newcomer_needs_only_the_address;
mod people_come_into_the_roster;
mod poison_stanzas_do_not_end_the_link;
mod presence_stands_in_its_place;
mod privileges_are_checked;
mod queue_retry_and_drop;
mod reactions_go_both_ways;
mod read_only_store_says_so;
mod receipts_by_evidence;
mod refusals_inside_a_result_are_heard;
mod registration_is_kept_and_ended;
mod restart_of_xmpp_server;
mod rights_come_back_with_the_server;
mod rights_end_with_the_link;
mod rolling_restarts_lose_and_double_nothing;
mod romeo_writes_and_juliet_answers;
mod running_out_of_descriptors_is_survived;
mod second_gateway_gives_way;
mod servers_stand_up;
mod sigterm_drains;
mod stranger_domain_cannot_use_gateway;
mod strangers_wait_for_the_users_word;
mod subscriptions_go_in_order;
mod tarpit_delays_nobody_else;
mod trace_shows_both_ways;
mod two_processes_cannot_share_a_store;
mod typing_leaves_nothing_behind;
mod unknown_local_user_is_refused_at_rcpt;
mod unknown_recipient_becomes_error_stanza;
mod waiting_file_outlives_kill9;
mod what_is_taken_back_before_it_left_never_leaves;
mod while_the_gateway_is_away;
mod words_arrive_as_they_were_said;
mod writing_moves_nobodys_presence;
