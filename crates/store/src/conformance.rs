//! One list of behaviours that every backend must show, on the backend itself and through the ledger.

mod backend;
pub(crate) mod cast;
mod damage;
mod files;
mod finding;
mod lanes;
mod news;
mod recovery;
mod trying;

use crate::backend::Backend;
use crate::error::StoreError;
use crate::memory::MemoryBackend;
use crate::sled::SledBackend;

/// Something that keeps a store while the process is away.
pub(crate) trait Disk {
    /// An empty one.
    fn fresh() -> Self;
    /// Opens the store on it. The one opened before must be gone.
    fn backend(&self) -> Box<dyn Backend>;
}

/// A disk that is a directory.
pub(crate) struct Directory(tempfile::TempDir);

impl Directory {
    pub(crate) fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

impl Disk for MemoryBackend {
    fn fresh() -> Self {
        Self::new()
    }

    fn backend(&self) -> Box<dyn Backend> {
        self.crash();
        Box::new(self.clone())
    }
}

impl Disk for Directory {
    fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn backend(&self) -> Box<dyn Backend> {
        // The threads of a sled that was dropped in the same process may hold its file a moment longer.
        let still_held = |error: &StoreError| matches!(error, StoreError::Io(why) if why.contains("acquire lock"));
        loop {
            match SledBackend::open(self.0.path(), 8 << 20) {
                Err(error) if still_held(&error) => std::thread::yield_now(),
                opened => return Box::new(opened.unwrap()),
            }
        }
    }
}

macro_rules! behaviours {
    ($($room:ident: $($name:ident),+;)+) => {
        mod in_memory {
            $(mod $room { $(#[test] fn $name() { crate::conformance::$room::$name::<crate::memory::MemoryBackend>(); })+ })+
        }
        mod on_sled {
            $(mod $room { $(#[test] fn $name() { crate::conformance::$room::$name::<crate::conformance::Directory>(); })+ })+
        }
    };
}

behaviours! {
    backend: what_was_put_is_found, a_range_is_ascending_and_bounded, a_long_value_comes_back_whole,
        a_long_value_makes_room_for_a_short_one, rows_outlive_the_process;
    lanes: a_lane_keeps_its_order, lanes_do_not_wait_for_each_other, a_retry_holds_up_its_own_lane_only,
        what_failed_lets_the_next_one_go, the_middle_of_a_lane_can_be_cancelled,
        a_held_one_leaves_its_lane_and_comes_back_at_the_end, a_group_sees_its_own_changes,
        the_bound_of_a_destination_is_kept, a_skipped_destination_is_passed_over,
        the_longest_waiting_destination_comes_first, the_next_due_time_is_known,
        the_next_begins_as_the_one_before_it_ends, nobody_begins_before_one_that_has_to_wait,
        nobody_begins_before_another_lane_that_has_waited_longer;
    trying: an_arrival_is_taken_once, an_id_that_is_not_unique_proves_nothing, the_same_id_from_another_is_another_message,
        rows_and_messages_are_one, a_lease_is_given_once, a_lease_before_its_time_is_refused,
        a_refused_try_comes_back_later, a_doubt_marks_the_next_try, a_returned_try_does_not_count,
        what_a_side_cannot_carry_fails_at_once, an_outcome_keeps_its_hop_and_its_rows, a_long_way_is_kept_in_order,
        a_long_message_is_carried_too,
        an_expired_one_fails_with_its_reason, an_arrival_without_ids_is_refused,
        what_failed_may_be_said_again_under_its_id;
    news: a_final_stop_is_told_to_who_asked, nobody_is_told_who_did_not_ask, the_first_delay_is_told,
        a_failure_is_told_once, news_about_news_is_never_told, a_report_from_the_wrong_party_is_ignored,
        a_report_about_nothing_is_ignored, a_report_brings_its_hops, a_report_without_hops_gets_a_claimed_one,
        a_report_may_overtake_the_outcome, endless_reports_do_not_grow_the_book;
    files: files_are_there_until_the_delivery_is_over, files_outlive_the_process, a_message_keeps_only_its_own_files,
        files_of_what_failed_are_gone, files_of_a_lost_delivery_go_with_it, a_damaged_file_spoils_nothing_else;
    finding: an_envelope_is_found_by_the_id_of_its_side, a_history_is_newest_first, a_history_with_one_other_leaves_out_the_rest,
        what_waits_is_listed, a_shelf_is_read_in_order, shelves_do_not_meet,
        what_is_corrected_before_it_left_leaves_once, what_is_taken_back_before_it_left_never_leaves,
        what_may_have_arrived_is_not_taken_out_of_the_queue, nobody_takes_back_what_another_said,
        no_reference_crosses_conversations, a_reaction_means_what_the_other_said,
        what_was_never_delivered_is_not_taken_back, a_correction_is_fitted_to_what_it_corrects,
        an_answer_to_theirs_names_it_in_their_words, an_answer_to_their_own_names_ours,
        an_answer_across_conversations_names_nothing, only_own_words_are_corrected, old_ones_are_forgotten,
        what_is_over_can_be_erased_at_once, what_there_is_is_counted,
        a_forgotten_id_may_come_again, a_lane_is_remembered_as_long_as_anything_in_it, what_is_not_over_is_never_forgotten;
    recovery: an_intent_without_outcome_is_taken_up_again, what_was_acknowledged_is_there_after_a_restart,
        one_that_dies_again_and_again_is_held, a_clock_that_was_ahead_holds_up_nothing, a_clock_that_was_ahead_gives_nobody_a_longer_life,
        a_start_that_dies_while_it_draws_due_times_near_is_repeated, a_newer_store_is_refused,
        a_store_of_an_unfinished_version_is_refused,
        order_survives_a_clock_that_goes_back;
    damage: a_damaged_envelope_is_put_aside_and_its_lane_goes_on, a_damaged_delivery_is_put_aside_and_its_lane_goes_on,
        a_damaged_place_in_the_queue_is_mended, a_damaged_follower_holds_up_nobody,
        a_damaged_place_of_a_follower_is_found_again,
        a_damaged_flight_frees_its_lane, a_damaged_hop_is_left_out, a_damaged_row_spoils_only_its_own_change,
        an_outcome_of_a_damaged_delivery_frees_its_lane, a_damaged_delivery_that_comes_back_frees_its_lane,
        a_lane_goes_on_although_its_flight_is_damaged_too, an_outcome_frees_a_lane_whose_head_lost_its_place,
        a_stale_flight_is_dropped_and_its_delivery_stays, a_head_that_lost_its_place_is_given_it_again,
        a_stale_place_in_the_queue_is_mended, the_counter_is_found_again, a_damaged_clock_keeps_no_store_from_opening,
        the_sender_of_one_put_aside_is_told_once, one_put_aside_can_be_cancelled,
        the_same_message_as_a_damaged_one_is_taken, a_delivery_that_is_lost_is_not_taken_for_a_fresh_one;
}
