//! Links over a real RabbitMQ, and over things that only look like a broker.
//!
//! RabbitMQ takes seconds to start, and each test is its own process. So one test runs all
//! scenarios that can share a broker, each in its own rooms; its output names them.

mod closing;
mod common;
mod delivery;
mod failing;
mod no_broker;
mod objects;
mod oversized;
mod probe;
mod restarting;
mod strangers;
mod tls;

use common::Place;

/// Runs scenarios one after the other, and prints their names.
macro_rules! scenarios {
    ($broker:expr, $($module:ident::$name:ident,)*) => {$(
        println!("{}: {}", stringify!($module), stringify!($name));
        $module::$name(&Place { broker: &$broker, name: stringify!($name) }).await;
    )*};
}

#[tokio::test]
async fn links_over_rabbitmq() {
    let broker = common::rabbitmq();
    scenarios! { broker,
        delivery::what_a_peer_publishes_reaches_all,
        delivery::ten_peers_hear_each_peer_in_order,
        delivery::what_came_before_us_is_not_for_us,
        delivery::exchanges_are_declared_as_plainly_as_by_others,
        closing::all_that_was_published_goes_out_before_the_end,
        closing::a_closed_link_leaves_no_queue_behind,
        closing::a_dropped_link_leaves_neither_queues_nor_threads,
        strangers::what_strangers_publish_is_heard_whatever_its_properties,
        strangers::strangers_hear_us_in_queues_of_their_own,
        strangers::a_second_peer_of_our_name_waits_for_the_first,
        strangers::exchanges_of_others_are_overheard_and_never_declared,
        objects::programs_that_declare_the_same_hear_us_and_are_heard,
        objects::our_queues_have_the_programs_names_and_never_take_theirs,
        objects::exchanges_of_every_kind_are_overheard,
        oversized::a_giant_is_reported_and_the_link_stays_up,
        oversized::what_no_exchange_can_carry_is_lost_and_counted,
        failing::a_wrong_password_is_an_error_at_once,
        failing::a_virtual_host_that_does_not_exist,
        failing::an_exchange_that_was_declared_otherwise,
        failing::an_exchange_that_nobody_may_declare,
        failing::a_publish_on_an_exchange_that_was_declared_otherwise,
        probe::a_broker_is_measured_and_nothing_stays_behind,
        probe::a_broker_that_refuses_us_is_no_broker,
        tls::a_broker_with_a_certificate_we_were_told_to_trust,
        tls::a_broker_with_a_certificate_of_nobody_we_trust,
        tls::a_port_without_tls,
    }
}

#[tokio::test]
async fn links_over_a_rabbitmq_that_comes_and_goes() {
    let mut broker = common::rabbitmq();
    restarting::a_broker_that_hangs_is_noticed(&broker).await;
    restarting::links_listen_again_after_the_broker_was_killed(&mut broker).await;
    restarting::a_link_without_a_connection_ends_when_nothing_waits_or_time_is_over(&mut broker)
        .await;
}
