//! The console of a peer that asks for solutions only when it is told to (`peer --manual`): a
//! menu, as the published program has one, and what it answers.
//!
//! [`Console`] is what its user can know of the network, and decides what a line of theirs means.
//! It is pure. [`attend`] keeps it up to date, and passes on what is to be done.

use std::collections::VecDeque;
use std::future::pending;
use std::io::{self, BufRead};
use std::string::FromUtf8Error;

use althing_engine::rounds::{Command, Rounds};
use althing_feed::{Event, Record, RoundsEvent, Row, Subscription};
use althing_node::Commands;
use althing_text::Name;
use althing_types::{Difficulty, PeerId, Transaction};
use tokio::sync::mpsc;

use crate::output::Aside;
use crate::output::recent::RecentRows;

/// What the user of a console knows, and what it can say.
#[derive(Default)]
pub(crate) struct Console {
    leader: Option<PeerId>,
    /// The transaction that everybody works on.
    open: Option<Transaction>,
    /// The first row that the table lacks.
    next: Transaction,
    /// The rows after which the network has nothing more to do.
    rounds: Option<Transaction>,
    rows: RecentRows,
}

/// What a line at the console leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Issue(Option<Difficulty>),
    Leave,
    Say(String),
}

const MENU: &str = "\
1 [BITS]  ask for a solution, of so many bits or of as many as are drawn
2         show the table
3         leave
?         show this";

const LEADING: &str = "you lead: 1 asks for the next solution, ? shows what else there is";

impl Console {
    /// Returns the console of a peer with these rows from before, in a network that stops after
    /// `rounds`.
    pub(crate) fn new<E>(
        rows: impl Iterator<Item = Result<Row, E>>,
        rounds: Option<u64>,
    ) -> Result<Self, E> {
        let mut console = Self { rounds: rounds.map(Transaction::new), ..Self::default() };
        for row in rows {
            console.record(row?, None);
        }
        Ok(console)
    }

    /// Takes note of what has happened, and returns what to say of it, if anything.
    fn follow(&mut self, record: &Record) -> Option<&'static str> {
        let Event::Rounds(event) = &record.event else { return None };
        match event {
            RoundsEvent::LeaderElected { leader, .. } => {
                self.leader = Some(leader.peer());
                self.open = None;
            }
            RoundsEvent::ChallengeIssued { transaction, .. } => {
                self.open = Some(*transaction);
                return None;
            }
            RoundsEvent::RoundDecided { row, .. } => {
                self.open = None;
                self.record(row.clone(), record.names.get(&row.winner));
            }
            _ => return None,
        }
        let me = record.peer.as_ref().and_then(althing_feed::PeerName::id);
        let may_ask = self.leader.is_some() && self.leader == me && !self.is_finished();
        may_ask.then_some(LEADING)
    }

    /// Takes note of all that has happened so far, and says what there is to say of it.
    fn catch_up(&mut self, records: &mut Subscription, aside: &Aside) {
        // What was missed can only be seen again in the table.
        while let Some(next) = records.try_next() {
            if let Some(news) = next.ok().and_then(|record| self.follow(&record)) {
                aside.say(news);
            }
        }
    }

    /// Returns what `line` means to the peer `me`.
    fn answer(&self, me: PeerId, line: &str) -> Answer {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("1"), bits, None) => match self.why_not_ask(me) {
                Some(reason) => Answer::Say(reason),
                None => issue(bits),
            },
            (Some("2"), None, None) => Answer::Say(self.table()),
            (Some("3"), None, None) => Answer::Leave,
            (None | Some("?"), None, None) => Answer::Say(MENU.to_owned()),
            _ => Answer::Say(format!("{:?} is none of 1, 2, 3 and ?", line.trim())),
        }
    }

    fn why_not_ask(&self, me: PeerId) -> Option<String> {
        if self.is_finished() {
            return Some("the table has all rows that were asked for".to_owned());
        }
        match (self.leader, self.open) {
            (None, _) => Some("there is no leader yet; wait until one is elected".to_owned()),
            (Some(leader), _) if leader != me => Some(format!(
                "{leader} leads, and only the leader asks for solutions; wait until you lead"
            )),
            (_, Some(transaction)) => {
                Some(format!("transaction {transaction} is not decided yet; wait until it is"))
            }
            _ => None,
        }
    }

    /// Returns what to say after the peer was told to ask for a solution: nothing if it did.
    fn after_asking(&self) -> Option<&'static str> {
        let is_ignored = self.open.is_none();
        is_ignored.then_some("the others are not ready for another challenge; try again soon")
    }

    fn table(&self) -> String {
        let mut text = Vec::new();
        self.rows.write(&mut text).expect("there is room in memory");
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    fn record(&mut self, row: Row, name: Option<&Name>) {
        self.next = row.transaction.next();
        self.rows.push(row, name);
    }

    fn is_finished(&self) -> bool {
        self.rounds.is_some_and(|rounds| self.next >= rounds)
    }
}

fn issue(bits: Option<&str>) -> Answer {
    let Some(bits) = bits else { return Answer::Issue(None) };
    match bits.parse().map(Difficulty::from_bits) {
        Ok(Ok(difficulty)) => Answer::Issue(Some(difficulty)),
        Ok(Err(error)) => Answer::Say(error.to_string()),
        Err(_) => Answer::Say(format!(
            "{bits:?} is not a number of bits; write one as in 1 12, or leave it out"
        )),
    }
}

/// Does what `lines` say, of the peer `me`, until they say to leave or there are no more; and tells
/// its user when they lead, as `records` have it.
pub(crate) async fn attend(
    mut console: Console,
    me: PeerId,
    mut lines: Typed,
    mut records: Subscription,
    commands: &Commands<Rounds>,
    aside: &Aside,
) {
    aside.say(MENU);
    loop {
        let line = tokio::select! {
            Some(next) = records.next() => {
                if let Some(news) = next.ok().and_then(|record| console.follow(&record)) {
                    aside.say(news);
                }
                continue;
            }
            line = lines.next() => line,
        };
        let Some(line) = line else { return };
        console.catch_up(&mut records, aside);
        match console.answer(me, &line) {
            Answer::Issue(difficulty) => {
                if commands.send(Command::Issue(difficulty)).await.is_err() {
                    return;
                }
                // What came of it has been told by now.
                console.catch_up(&mut records, aside);
                if let Some(excuse) = console.after_asking() {
                    aside.say(excuse);
                }
            }
            Answer::Say(text) => aside.say(text),
            Answer::Leave => return,
        }
    }
}

/// The lines of an operator, of whom some may be early.
pub(crate) struct Typed {
    lines: mpsc::Receiver<String>,
    early: VecDeque<String>,
}

/// Lines that are kept until the peer is there to heed them.
const EARLY_MAX: usize = 1024;

impl Typed {
    pub(crate) fn at_standard_input() -> Self {
        Self::from(standard_input())
    }

    /// Waits for the end of the input, and keeps what comes before it; for ever if that is too
    /// much. Nothing is lost if it is not waited for any more.
    pub(crate) async fn ended(&mut self) {
        while self.early.len() < EARLY_MAX {
            match self.lines.recv().await {
                Some(line) => self.early.push_back(line),
                None => return,
            }
        }
        pending::<()>().await;
    }

    /// Waits for the next line, or the end.
    async fn next(&mut self) -> Option<String> {
        match self.early.pop_front() {
            Some(line) => Some(line),
            None => self.lines.recv().await,
        }
    }
}

impl From<mpsc::Receiver<String>> for Typed {
    fn from(lines: mpsc::Receiver<String>) -> Self {
        Self { lines, early: VecDeque::new() }
    }
}

/// Returns the lines of standard input, as they come.
///
/// They are read on a thread that nobody waits for: a terminal cannot be asked to stop.
pub(crate) fn standard_input() -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            if tell.blocking_send(text_of(line)).is_err() {
                break;
            }
        }
    });
    lines
}

/// Returns a line that was typed. What is not UTF-8 was most likely typed in Latin-1.
fn text_of(line: Vec<u8>) -> String {
    let as_latin_1 =
        |error: FromUtf8Error| error.as_bytes().iter().copied().map(char::from).collect();
    String::from_utf8(line).unwrap_or_else(as_latin_1)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use althing_types::{Moment, Seed, Term};

    use super::*;

    #[tokio::test]
    async fn lines_that_come_before_the_peer_is_there_are_kept_and_the_end_is_noticed() {
        let (tell, lines) = mpsc::channel(1);
        let mut typed = Typed::from(lines);
        let teller = tokio::spawn(async move {
            for line in ["1", "2"] {
                tell.send(line.to_owned()).await.expect("they are read");
            }
        });
        typed.ended().await;
        teller.await.expect("it does not panic");
        let mut all = Vec::new();
        while let Some(line) = typed.next().await {
            all.push(line);
        }
        assert_eq!(all, ["1", "2"]);
    }

    const ME: PeerId = PeerId::new(7);
    const OTHER: PeerId = PeerId::new(8);

    #[test]
    fn what_is_typed_in_latin_1_is_the_same_text() {
        for bytes in [&b"Zo\xc3\xab"[..], b"Zo\xeb"] {
            assert_eq!(text_of(bytes.to_vec()), "Zoë");
        }
    }

    fn tell(console: &mut Console, event: RoundsEvent) -> Option<&'static str> {
        console.follow(&Record {
            sequence: 0,
            time: SystemTime::UNIX_EPOCH,
            at: Moment::default(),
            network: None,
            peer: Some(ME.into()),
            names: Default::default(),
            event: event.into(),
        })
    }

    fn elected(leader: PeerId) -> RoundsEvent {
        RoundsEvent::LeaderElected {
            leader: leader.into(),
            term: Term::default(),
            draw: None,
            draws: Vec::new(),
        }
    }

    fn issued(transaction: u64) -> RoundsEvent {
        RoundsEvent::ChallengeIssued {
            transaction: Transaction::new(transaction),
            challenge: Difficulty::MIN,
            leader: ME.into(),
        }
    }

    fn decided(transaction: u64) -> RoundsEvent {
        let row = Row {
            transaction: Transaction::new(transaction),
            challenge: Difficulty::MIN,
            seed: Seed::new("6").expect("a short text"),
            winner: OTHER.into(),
            yes: 0,
            no: 0,
        };
        RoundsEvent::RoundDecided { row, voters: Vec::new() }
    }

    fn said(console: &Console, line: &str) -> String {
        match console.answer(ME, line) {
            Answer::Say(text) => text,
            other => panic!("{line:?} leads to {other:?}"),
        }
    }

    #[test]
    fn a_leader_may_ask_when_nothing_is_open() {
        let mut console = Console::default();
        assert!(said(&console, "1").starts_with("there is no leader yet"));
        assert_eq!(tell(&mut console, elected(OTHER)), None);
        assert!(said(&console, "1").starts_with("8 leads, and only the leader"));
        assert_eq!(tell(&mut console, elected(ME)), Some(LEADING));
        let twelve = Difficulty::from_bits(12).expect("in range");
        assert_eq!(console.answer(ME, "1"), Answer::Issue(None));
        assert_eq!(console.answer(ME, " 1  12 \r"), Answer::Issue(Some(twelve)));
        assert!(console.after_asking().is_some(), "nothing has come of it yet");
        assert_eq!(tell(&mut console, issued(0)), None);
        assert_eq!(console.after_asking(), None);
        assert!(said(&console, "1").starts_with("transaction 0 is not decided yet"));
    }

    #[test]
    fn a_row_that_is_decided_is_in_the_table_and_makes_way_for_the_next() {
        let mut console = Console { rounds: Some(Transaction::new(2)), ..Console::default() };
        tell(&mut console, elected(ME));
        tell(&mut console, issued(0));
        assert_eq!(tell(&mut console, decided(0)), Some(LEADING));
        assert_eq!(console.answer(ME, "1"), Answer::Issue(None));
        let table = said(&console, "2");
        let cells: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
        assert_eq!(cells, ["0", "1", "6", "8", "0", "0"]);
        tell(&mut console, issued(1));
        assert_eq!(tell(&mut console, decided(1)), None, "that was the last one");
        assert_eq!(said(&console, "1"), "the table has all rows that were asked for");
    }

    #[test]
    fn a_new_leader_asks_again_for_what_the_old_one_left_open() {
        let mut console = Console::default();
        tell(&mut console, elected(OTHER));
        tell(&mut console, issued(0));
        assert_eq!(tell(&mut console, elected(ME)), Some(LEADING));
        assert_eq!(console.answer(ME, "1"), Answer::Issue(None));
    }

    #[test]
    fn what_makes_no_sense_gets_a_sentence() {
        let mut console = Console::default();
        tell(&mut console, elected(ME));
        for (line, complaint) in [
            ("4", "\"4\" is none of 1, 2, 3 and ?"),
            ("leave", "\"leave\" is none of 1, 2, 3 and ?"),
            ("2 3", "\"2 3\" is none of 1, 2, 3 and ?"),
            ("1 2 3", "\"1 2 3\" is none of 1, 2, 3 and ?"),
            ("\u{1b}[2J", "\"\\u{1b}[2J\" is none of 1, 2, 3 and ?"),
            ("1 easy", "\"easy\" is not a number of bits; write one as in 1 12, or leave it out"),
            ("1 0", "a difficulty of 0 bits is not between 1 and 160"),
            ("1 161", "a difficulty of 161 bits is not between 1 and 160"),
        ] {
            assert_eq!(said(&console, line), complaint);
        }
        assert_eq!(said(&console, ""), MENU);
        assert_eq!(said(&console, "?"), MENU);
        assert_eq!(console.answer(ME, "3"), Answer::Leave);
    }
}
