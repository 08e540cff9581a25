//! What is done to a demo is handed on, and what is refused has its reason.

use std::sync::{Arc, Mutex};

use althing_api::{Action, Code, Demo, DemoPeer, Done, PeerState};
use althing_feed::{Id, PeerName};
use althing_http::{Control, Doing, Refusal};

use crate::harness::served_demo;

/// Takes note of what it is asked for, and does nothing.
#[derive(Default)]
struct Noting(Mutex<Vec<Action>>);

impl Control for Noting {
    fn demo(&self) -> Doing<'_, Demo> {
        let peer = DemoPeer {
            number: 1,
            peer: PeerName::Id(Id(7)),
            state: PeerState::Runs,
            byzantine: None,
        };
        let (peers, faults, strategies) = (vec![peer], Vec::new(), Vec::new());
        Box::pin(async { Ok(Demo { peers, faults, pace: None, strategies }) })
    }

    fn act(&self, action: Action) -> Doing<'_, Done> {
        Box::pin(async {
            let refusal = match &action {
                Action::Crash { peer: PeerName::Id(Id(8)) } => {
                    Some(Refusal::Unknown("no 8".into()))
                }
                Action::Restart { .. } => Some(Refusal::Conflict("it runs".into())),
                Action::Lose { share, .. } if *share > 1.0 => {
                    Some(Refusal::Senseless("a share is at most 1".into()))
                }
                Action::Resume {} => Some(Refusal::Ended),
                _ => None,
            };
            self.0.lock().expect("no panic").push(action);
            match refusal {
                Some(refusal) => Err(refusal),
                None => Ok(Done { sentence: "done".to_owned(), fault: Some(3) }),
            }
        })
    }

    fn undo(&self, fault: u64) -> Doing<'_, Done> {
        Box::pin(async move {
            match fault {
                3 => Ok(Done { sentence: "undone".to_owned(), fault: None }),
                _ => Err(Refusal::Unknown(format!("there is no fault {fault}"))),
            }
        })
    }
}

#[tokio::test]
async fn actions_reach_the_demo_as_they_were_sent() {
    let noting = Arc::new(Noting::default());
    let served = served_demo(Arc::clone(&noting) as Arc<dyn Control>).await;
    let client = served.client();
    assert!(client.node().await.expect("it answers").can.control);
    assert_eq!(client.demo().await.expect("it answers").peers[0].number, 1);
    let peer = PeerName::Id(Id(7));
    let actions = [
        Action::Crash { peer: peer.clone() },
        Action::Partition { groups: vec![vec![peer.clone()], Vec::new()] },
        Action::Delay { peer: None, ms: 200 },
        Action::Byzantine { peer, strategy: "votes-twice".to_owned() },
        Action::Speed { speed: 0.5 },
    ];
    for action in &actions {
        let done = client.act(action).await.expect("it is done");
        assert_eq!(done, Done { sentence: "done".to_owned(), fault: Some(3) });
    }
    assert_eq!(*noting.0.lock().expect("no panic"), actions);
    assert_eq!(client.undo(3).await.expect("it is undone").sentence, "undone");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_reason() {
    let served = served_demo(Arc::new(Noting::default())).await;
    let json = ["content-type: application/json"];
    for (body, code) in [
        (r#"{"action":"crash","peer":"8"}"#, Code::NotFound),
        (r#"{"action":"restart","peer":"7"}"#, Code::Conflict),
        (r#"{"action":"lose","peer":null,"share":2}"#, Code::Senseless),
        (r#"{"action":"resume"}"#, Code::Gone),
        (r#"{"action":"explode"}"#, Code::InvalidRequest),
        (r#"{"action":"crash"}"#, Code::InvalidRequest),
    ] {
        let answer = served.ask("POST /v1/demo/actions HTTP/1.1", &json, body).await;
        assert_eq!(answer.problem().code, code, "{body}");
    }
    let answer = served.ask("DELETE /v1/demo/faults/9 HTTP/1.1", &[], "").await;
    assert_eq!(answer.problem().detail, "there is no fault 9");
}
