//! What a profile says of QoS and kept messages, driven against a real Mosquitto, with a client of
//! another make.

use althing_net::mqtt::{Options, QualityOfService};
use althing_testkit::{DEADLINE, Heard, Stranger};

use crate::common::{TOPIC, connect, message, mosquitto, next, options, say, url};

const OTHER: &str = "tests/other";

fn heard(stranger: &Stranger) -> Heard {
    stranger.hear(DEADLINE).expect("it is published")
}

/// Returns options that listen to both topics; messages on the first, and on those of solvers, are
/// kept.
fn keeping(broker: &althing_testkit::Mosquitto) -> Options {
    let mut options = options(url(broker)).with_topics([TOPIC, OTHER, "tests/+/result"]);
    options.retained = vec![TOPIC.into(), "tests/+/result".into()];
    options
}

#[tokio::test]
async fn what_a_profile_keeps_reaches_those_who_come_later_and_nothing_else_does() {
    let broker = mosquitto();
    let mut link = connect(keeping(&broker)).await;
    let said = [(TOPIC, "kept"), (OTHER, "not kept"), ("tests/7/result", "kept as well")];
    for (topic, text) in said {
        link.publisher().publish(topic, text);
        assert_eq!(next(&mut link).await, message(topic, text));
    }
    let late = Stranger::meet(broker.port(), &[TOPIC, OTHER, "tests/+/result"]);
    let late = late.unwrap_or_else(|error| panic!("{error}"));
    link.publisher().publish(OTHER, "new");
    assert_eq!(next(&mut link).await, message(OTHER, "new"));
    let mut kept = [heard(&late), heard(&late)].map(|it| (it.topic, it.payload, it.retained));
    kept.sort();
    let expected = [("tests/7/result", "kept as well"), (TOPIC, "kept")];
    let expected = expected.map(|(topic, text)| (topic.to_owned(), text.to_owned(), true));
    assert_eq!(kept, expected);
    let new = heard(&late);
    assert_eq!((new.payload.as_str(), new.retained), ("new", false));
}

#[tokio::test]
async fn what_was_kept_is_heard_by_those_of_us_who_want_it() {
    let broker = mosquitto();
    let mut first = connect(keeping(&broker)).await;
    say(&first, "kept");
    assert_eq!(next(&mut first).await, message(TOPIC, "kept"));
    for hears_retained in [true, false] {
        let mut options = keeping(&broker);
        options.hears_retained = hears_retained;
        let mut late = connect(options).await;
        if hears_retained {
            assert_eq!(next(&mut late).await, message(TOPIC, "kept"));
        }
        late.publisher().publish(OTHER, "new");
        assert_eq!(next(&mut late).await, message(OTHER, "new"));
    }
}

#[tokio::test]
async fn messages_are_published_with_the_quality_of_service_that_was_chosen() {
    let broker = mosquitto();
    let stranger = Stranger::meet(broker.port(), &[TOPIC]);
    let stranger = stranger.unwrap_or_else(|error| panic!("{error}"));
    for number in 0..=2 {
        let quality = QualityOfService::from_number(number).expect("there are three");
        let mut options = options(url(&broker));
        options.quality_of_service = quality;
        let mut link = connect(options).await;
        say(&link, "hello");
        assert_eq!(next(&mut link).await, message(TOPIC, "hello"));
        let heard = heard(&stranger);
        assert_eq!((heard.payload.as_str(), heard.quality_of_service), ("hello", number));
    }
}
