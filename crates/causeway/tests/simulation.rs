//! The whole engine in a made-up world: a memory store, pretend networks, a clock that nobody waits for, and a power
//! cut at every commit. Nothing accepted is lost, nothing overtakes, nothing is doubled without a mark.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "simulation/world.rs"]
mod world;

use std::time::Duration;
use world::{Faults, World};

#[test]
fn without_faults_everything_arrives_once_and_in_order() {
    let mut world = World::new(1, Faults::none());
    world.live(None);
    world.judge();
}

#[test]
fn a_power_cut_at_any_commit_loses_nothing() {
    let whole = {
        let mut world = World::new(7, Faults::some());
        world.live(None);
        world.commits()
    };
    assert!(whole > 40, "the story has {whole} commits, too few to cut anywhere");
    for cut in 1..=whole {
        let mut world = World::new(7, Faults::some());
        world.live(Some(cut));
        world.live(None);
        world.judge();
    }
}

#[test]
fn many_cuts_in_a_row_lose_nothing() {
    for seed in 0..200 {
        let mut world = World::new(seed, Faults::some());
        for life in 0..4 {
            world.live(Some(3 + (seed * 7 + life * 13) as usize % 40));
        }
        world.live(None);
        world.judge();
    }
}

#[test]
fn an_orderly_stop_in_front_of_a_silent_network_is_no_crash() {
    let mut world = World::new(5, Faults::silence());
    for _ in 0..6 {
        world.live_until_stopped(Duration::from_secs(40));
    }
    world.becomes(Faults::none());
    world.live(None);
    world.judge();
    assert_eq!(world.given_up(), 0);
}

#[test]
fn a_network_that_is_down_holds_up_nobody_else_and_is_given_up_in_time() {
    let mut world = World::new(3, Faults::dead_network());
    world.live(None);
    world.judge();
    assert!(world.given_up() > 0, "messages to the dead network end in an error");
}

#[test]
fn a_conversation_under_way_costs_one_commit_for_a_message() {
    let mut world = World::conversation(2, 50);
    world.live(None);
    world.judge();
    assert!(world.commits() < 60, "{} commits for 50 messages", world.commits());
}

#[test]
fn what_grew_old_before_a_closed_door_is_tried_once_more_when_it_opens() {
    let mut world = World::new(9, Faults::none());
    world.home_opens_too_late();
    world.live(None);
    world.judge();
    assert_eq!(world.given_up(), 0, "its time ran out while home was away");
}

#[test]
fn a_last_try_is_the_last() {
    let mut world = World::new(9, Faults::nobody_home());
    world.home_opens_too_late();
    world.live(None);
    world.judge();
    assert_eq!(world.given_up(), 6, "everything said to the nurse");
    assert_eq!(world.tries_to_nobody(), 6);
}

#[test]
fn what_grew_old_while_the_gateway_was_away_is_tried_once_more() {
    let mut world = World::new(9, Faults::silence());
    world.live_until_stopped(Duration::from_secs(1));
    world.becomes(Faults::none());
    world.pass(Duration::from_secs(30 * 3600));
    world.live(None);
    world.judge();
    assert_eq!(world.given_up(), 0);
}
