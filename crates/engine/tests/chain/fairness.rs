//! Rule M6: beside published programs, which take some six seconds for a block, every peer has a
//! turn.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_engine::nakamoto::{Entries, Input, Message, Mining, Output, Rules};
use althing_engine::{Engine, Recipient};
use althing_ledger::{Block, Entry, Ledger};
use althing_types::{Address, Height, Moment};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{
    Peer, address, answer, heard, mined, new_chain, submit, template, whole_chain,
};

const STEP: Duration = Duration::from_millis(100);
const SEARCH: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(2);

/// A published program: it searches, sleeps for five seconds, and adds its block if it still fits;
/// if it does not, it tries again after up to two seconds.
struct Program {
    ledger: Ledger,
    block: Option<Block>,
    /// When its block is added, or its search begins.
    wakes: Moment,
    ballots: u64,
}

/// One of ours, which has always a ballot to add, like the programs.
struct Ours {
    peer: Peer,
    solved: Option<(Moment, Input)>,
    ballots: u64,
}

struct Net {
    ours: Vec<Ours>,
    programs: Vec<Program>,
    now: Moment,
    rng: ChaCha8Rng,
    /// Blocks of each, ours first.
    blocks: Vec<u32>,
}

impl Net {
    fn new(seed: u8, ours: usize, programs: usize) -> Self {
        let peer = |number: usize| {
            let seed = seed.wrapping_mul(31).wrapping_add(u8::try_from(number).expect("few"));
            let state = Box::new(althing_ledger::Anything);
            let rules = Rules { entries: Entries::Kept, ..whole_chain() };
            Peer::seeded(seed, rules, Mining::OnChain, state)
        };
        let program = |_| Program {
            ledger: new_chain(&whole_chain(), "they", 1),
            block: None,
            wakes: Moment::START,
            ballots: 0,
        };
        let mut net = Self {
            ours: (0..ours)
                .map(|number| Ours { peer: peer(number), solved: None, ballots: 0 })
                .collect(),
            programs: (0..programs).map(program).collect(),
            now: Moment::START,
            rng: ChaCha8Rng::from_seed([seed; 32]),
            blocks: vec![0; ours + programs],
        };
        for number in 0..ours {
            // To each of ours, it is the one with the address 0.
            let others = (0..ours + programs).filter(|other| *other != number);
            let list = others.map(place).collect();
            let mut out = net.ours[number].peer.handle(Input::Start);
            out.extend(net.ours[number].peer.handle(Input::Peers(list)));
            net.deliver(number, out);
        }
        net
    }

    /// Carries out what one of ours has answered, and all that follows.
    fn deliver(&mut self, number: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Search { id, work } => {
                    let solution = work.search(0..u64::MAX).expect("it is easy");
                    let solved = Input::Solved { search: id, solution };
                    // By lot, as long as a program takes on average.
                    let time = self.rng.random_range(Duration::ZERO..2 * SEARCH);
                    self.ours[number].solved = Some((self.now + time, solved));
                }
                Output::CancelSearch => self.ours[number].solved = None,
                Output::Event(althing_engine::nakamoto::Event::BlockMined { .. }) => {
                    self.blocks[number] += 1;
                }
                Output::Send { to: Recipient::One(to), message } => self.send(number, &to, message),
                _ => {}
            }
        }
    }

    fn send(&mut self, from: usize, to: &Address, message: Message) {
        let number = usize::from(to.port()) - 100;
        if number < self.ours.len() {
            let out = self.ours[number].peer.handle(heard(&place(from), None, message));
            return self.deliver(number, out);
        }
        let program = &mut self.programs[number - self.ours.len()];
        let said = match &message {
            Message::Announcement(block) => {
                let _ = program.ledger.add(block.clone());
                None
            }
            // It sends all that it has, whatever is asked for.
            Message::ChainRequest { .. } => {
                let all = Message::ChainRequest { from: Height::GENESIS };
                answer(&program.ledger, &all)
            }
            _ => None,
        };
        if let Some(said) = said {
            let out = self.ours[from].peer.handle(heard(&place(number), None, said));
            self.deliver(from, out);
        }
    }

    fn step(&mut self) {
        self.now = self.now + STEP;
        let first = self.rng.random_range(0..self.ours.len());
        for number in (first..self.ours.len()).chain(0..first) {
            let ours = &mut self.ours[number];
            let mut out = ours.peer.wait(STEP);
            if ours.peer.engine.status().mempool == 0 {
                ours.ballots += 1;
                let ballot = format!("{number}: {}", ours.ballots);
                out.extend(ours.peer.handle(submit(Entry::text(&ballot))));
            }
            self.deliver(number, out);
            let is_due = |(at, _): &mut (Moment, Input)| *at <= self.now;
            if let Some((_, solved)) = self.ours[number].solved.take_if(is_due) {
                let out = self.ours[number].peer.handle(solved);
                self.deliver(number, out);
            }
        }
        for number in 0..self.programs.len() {
            self.step_program(number);
        }
    }

    fn step_program(&mut self, number: usize) {
        let program = &mut self.programs[number];
        if program.wakes > self.now {
            return;
        }
        let Some(block) = program.block.take() else {
            let ballot = format!("program {number}: {}", program.ballots);
            program.block = Some(mined(&template(&program.ledger, "they", &ballot)));
            program.wakes = self.now + SEARCH + PAUSE;
            return;
        };
        let fits = block.height() == Height::new(program.ledger.length());
        if !fits {
            program.wakes = self.now + self.rng.random_range(Duration::ZERO..RETRY);
            return;
        }
        program.ballots += 1;
        let me = self.ours.len() + number;
        self.blocks[me] += 1;
        for program in &mut self.programs {
            assert!(program.ledger.add(block.clone()).is_ok());
        }
        for other in 0..self.ours.len() {
            let announcement = Message::Announcement(block.clone());
            let out = self.ours[other].peer.handle(heard(&place(me), None, announcement));
            self.deliver(other, out);
        }
    }
}

fn place(number: usize) -> Address {
    address(100 + u16::try_from(number).expect("few"))
}

/// Returns the blocks of some seconds: of each of ours, and of each program.
fn run(seconds: u64, ours: usize, programs: usize) -> (Vec<u32>, Vec<u32>) {
    let mut net = Net::new(7, ours, programs);
    while net.now < Moment::START + Duration::from_secs(seconds) {
        net.step();
    }
    let of_programs = net.blocks.split_off(ours);
    (net.blocks, of_programs)
}

#[test]
fn who_always_has_a_ballot_has_a_fair_part_of_the_blocks_be_it_ours_or_a_program() {
    let mut table = BTreeMap::new();
    for (ours, programs) in [(1, 1), (1, 4), (4, 1), (4, 4)] {
        let (of_ours, of_programs) = run(3600, ours, programs);
        let least = |blocks: &[u32]| blocks.iter().min().copied().unwrap_or_default();
        let all: u32 = of_ours.iter().chain(&of_programs).sum();
        let fair = all / u32::try_from(ours + programs).expect("few");
        println!("{ours} of ours {of_ours:?}, {programs} programs {of_programs:?}, fair: {fair}");
        let entry = (least(&of_ours), least(&of_programs), fair);
        table.insert((ours, programs), entry);
    }
    for (who, (ours, programs, fair)) in &table {
        assert!(*ours * 3 >= *fair && *programs * 3 >= *fair, "{who:?}: {table:?}");
    }
}

#[test]
fn among_ours_alone_nobody_waits() {
    let (of_ours, _) = run(300, 3, 0);
    let all: u32 = of_ours.iter().sum();
    assert!(all > 300, "{of_ours:?}");
    assert!(of_ours.iter().all(|blocks| *blocks * 4 > all), "{of_ours:?}");
}
