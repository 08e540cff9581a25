//! One simulated peer, and the only loop besides the driver's that carries out the outputs of an
//! engine.
//!
//! | file | question |
//! | --- | --- |
//! | `disk` | what does a peer find when it starts again? |
//! | this one | what does an output do to the peer itself, and what do other peers notice? |

mod disk;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use althing_engine::{Durable, Engine, Gap, Input, Output, Recipient, SearchId};
use althing_types::Moment;

pub use self::disk::{Disk, Entries, Log};

/// One peer without a network: an engine, its disk, and its running search.
///
/// A host carries out what concerns the peer alone: it writes, reads, and remembers the search that
/// is running. Effects that others would notice are returned as [`Effect`]s, in the order of the
/// outputs. The simulator, the model checker, the tests in lockstep and the fuzzer all drive their
/// engines through it, so an output means the same in all of them.
///
/// The caller keeps the time, and so the timers: [`Effect::TimerSet`] says which one to hand back.
#[derive(Clone, Debug)]
pub struct Host<E: Engine> {
    engine: Option<E>,
    disk: Disk<E::Durable>,
    search: Option<(SearchId, E::Work)>,
    /// Kept between inputs, so that not each of them allocates.
    outputs: Vec<Output<E>>,
}

/// The effect of an output, as the caller has to carry it out or may take note of it.
#[derive(Clone, Debug)]
pub enum Effect<E: Engine> {
    /// This is on disk now, or written and lost with a crash if it [needs no
    /// sync](Durable::needs_sync).
    Written(E::Durable),
    /// A message to be sent.
    Sent {
        /// The recipient: one peer, or all.
        to: Recipient,
        /// The message, not encoded yet.
        message: E::Message,
    },
    /// A timer to be handed back.
    TimerSet {
        /// The time until then, by the peer's own clock.
        after: Duration,
        /// The timer, with which the engine is woken.
        timer: E::Timer,
    },
    /// A search has begun, instead of any before.
    SearchStarted {
        /// Its name.
        id: SearchId,
        /// The work to be solved.
        work: E::Work,
    },
    /// The search has ended.
    SearchCancelled,
    /// The peer has reported something.
    Event(E::Event),
    /// The peer has left the network, and stops. This is its last effect.
    Left,
    /// The peer has crashed between two outputs. This is its last effect.
    Crashed,
}

/// When a peer crashes, relative to an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashAt {
    /// Before it is carried out: of a write that is interrupted, nothing is on disk.
    Before,
    /// After it was carried out.
    After,
}

impl<E: Engine> Host<E> {
    /// Returns a peer that is down, with this on its disk.
    pub fn new(disk: Disk<E::Durable>) -> Self {
        Self { engine: None, disk, search: None, outputs: Vec::new() }
    }

    /// Starts the peer with an engine made from what is on its disk. It still needs an
    /// [`Input::Start`].
    pub fn start(&mut self, engine: E) {
        self.engine = Some(engine);
        self.search = None;
    }

    /// Stops the peer, and forgets all that is not on its disk.
    pub fn crash(&mut self) {
        self.disk.crash();
        self.engine = None;
        self.search = None;
    }

    /// Returns the engine, while the peer is up.
    pub fn engine(&self) -> Option<&E> {
        self.engine.as_ref()
    }

    /// Returns the engine, to be made that of a dishonest peer.
    pub(crate) fn engine_mut(&mut self) -> Option<&mut E> {
        self.engine.as_mut()
    }

    /// Returns whether the peer is up.
    pub fn is_up(&self) -> bool {
        self.engine.is_some()
    }

    /// Returns the disk.
    pub fn disk(&self) -> &Disk<E::Durable> {
        &self.disk
    }

    /// Returns the running search.
    pub fn search(&self) -> Option<(SearchId, &E::Work)> {
        self.search.as_ref().map(|(id, work)| (*id, work))
    }

    /// Hands an input to the engine, carries out its outputs, and appends their effects. A peer
    /// that is down ignores it.
    ///
    /// An error means that the engine has persisted something that leaves a gap on its disk. That
    /// write is left out; the rest is carried out.
    pub fn handle(
        &mut self,
        now: Moment,
        input: Input<E>,
        effects: &mut Vec<Effect<E>>,
    ) -> Result<(), Gap> {
        self.handle_until(now, input, effects, |_| None)
    }

    /// As [`handle`](Self::handle), for a peer that may crash in between: `crash` is asked about
    /// each output before it is carried out.
    #[inline]
    pub fn handle_until(
        &mut self,
        now: Moment,
        input: Input<E>,
        effects: &mut Vec<Effect<E>>,
        mut crash: impl FnMut(&Output<E>) -> Option<CrashAt>,
    ) -> Result<(), Gap> {
        self.handle_with(now, input, effects, &mut crash)
    }

    // Inlined, since an input is large, and moved with each call.
    #[inline]
    fn handle_with(
        &mut self,
        now: Moment,
        input: Input<E>,
        effects: &mut Vec<Effect<E>>,
        crash: &mut impl FnMut(&Output<E>) -> Option<CrashAt>,
    ) -> Result<(), Gap> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        if let Input::Solved { search, .. } = &input {
            self.search.take_if(|(id, _)| id == search);
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        engine.handle(now, input, &mut outputs);
        // Most messages repeat known facts, and have no effect.
        if outputs.is_empty() {
            self.outputs = outputs;
            return Ok(());
        }
        let mut result = Ok(());
        for output in outputs.drain(..) {
            let crashes = crash(&output);
            if crashes != Some(CrashAt::Before) {
                result = result.and(self.carry_out(now, output, effects, crash));
            }
            if crashes.is_some() && self.is_up() {
                self.crash();
                effects.push(Effect::Crashed);
            }
            if !self.is_up() {
                break;
            }
        }
        self.outputs = outputs;
        result
    }

    #[inline(never)]
    fn carry_out(
        &mut self,
        now: Moment,
        output: Output<E>,
        effects: &mut Vec<Effect<E>>,
        crash: &mut impl FnMut(&Output<E>) -> Option<CrashAt>,
    ) -> Result<(), Gap> {
        effects.push(match output {
            Output::Persist(durable) => {
                self.disk.write(&durable)?;
                Effect::Written(durable)
            }
            Output::Send { to, message } => Effect::Sent { to, message },
            Output::SetTimer { after, timer } => Effect::TimerSet { after, timer },
            Output::Search { id, work } => {
                self.search = Some((id, work.clone()));
                Effect::SearchStarted { id, work }
            }
            Output::CancelSearch => {
                self.search = None;
                Effect::SearchCancelled
            }
            // Answered at once, so that what follows is carried out after what it leads to.
            Output::Read { from, count } => {
                let entries = self.disk.read(from, count);
                return self.handle_with(now, Input::Read(entries), effects, crash);
            }
            Output::Event(event) => Effect::Event(event),
            Output::Leave => {
                self.disk.sync();
                self.crash();
                Effect::Left
            }
        });
        Ok(())
    }
}

impl<E: Engine> Default for Host<E> {
    fn default() -> Self {
        Self::new(Disk::default())
    }
}

/// Two hosts that handle the same inputs from here on in the same way have equal hashes.
impl<E> Hash for Host<E>
where
    E: Engine<Durable: Durable<State: Hash, Entry: Hash>, Work: Hash> + Hash,
{
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.engine.hash(hasher);
        self.disk.hash(hasher);
        // How many searches there were before makes no difference, so its name does not count.
        self.search().map(|(_, work)| work).hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use althing_engine::{Change, Origin, ProofOfWork, Queue};

    use super::*;

    /// Writes down each number that it hears as the next entry of its log, and sends it on; asked
    /// by a 0, it reads all, and reports how many there are. A 99 makes a hole, and what is above
    /// needs no sync.
    #[derive(Clone, Debug, Default)]
    struct Toy(u64);

    #[derive(Clone, Debug, PartialEq)]
    struct Write {
        from: u64,
        entry: u64,
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Never;

    impl Durable for Write {
        type Entry = u64;
        type State = ();

        fn change<'a>(
            &'a self,
            (): &mut (),
            _: &Range<u64>,
        ) -> Result<Option<Change<'a, u64>>, Gap> {
            Ok(Some(Change { from: self.from, entries: std::slice::from_ref(&self.entry) }))
        }

        fn needs_sync(&self) -> bool {
            self.entry < 100
        }
    }

    impl ProofOfWork for Never {
        type Solution = u64;
        const FIRST_CANDIDATE_MAX: u64 = 1;

        fn part(&self, _: u32) -> Option<althing_pow::Work> {
            None
        }

        fn solution(&self, _: u32, index: u64) -> u64 {
            index
        }
    }

    impl Engine for Toy {
        type Message = u64;
        type Timer = u64;
        type Durable = Write;
        type Work = Never;
        type Command = ();
        type Event = usize;
        type Status = ();

        fn handle(&mut self, _: Moment, input: Input<Self>, out: &mut Vec<Output<Self>>) {
            match input {
                Input::Message { message: 0, .. } => {
                    out.push(Output::Read { from: 1, count: 9 });
                    out.push(Output::CancelSearch);
                }
                Input::Message { message, .. } => {
                    let from = if message == 99 { 99 } else { self.0 };
                    self.0 += 1;
                    out.push(Output::Persist(Write { from, entry: message }));
                    out.push(Output::Send { to: Recipient::All, message });
                    out.push(Output::Search { id: SearchId(message), work: Never });
                }
                Input::Read(entries) => out.push(Output::Event(entries.len())),
                Input::Command(()) => out.extend([Output::Leave, Output::Event(0)]),
                _ => {}
            }
        }

        fn status(&self) {}

        fn visit_queues(&self, _: impl FnMut(Queue)) {}
    }

    fn hear(message: u64) -> Input<Toy> {
        Input::Message { from: Origin::default(), message }
    }

    fn started() -> Host<Toy> {
        let mut host = Host::default();
        host.start(Toy::default());
        host
    }

    /// Returns the effects, and whether there was no gap.
    fn handle(host: &mut Host<Toy>, input: Input<Toy>) -> (String, bool) {
        let mut effects = Vec::new();
        let result = host.handle(Moment::START, input, &mut effects);
        (format!("{effects:?}"), result.is_ok())
    }

    #[test]
    fn outputs_are_carried_out_in_their_order() {
        let mut host = started();
        let (effects, _) = handle(&mut host, hear(7));
        let written = "Written(Write { from: 0, entry: 7 })";
        let sent = "Sent { to: All, message: 7 }";
        let search = "SearchStarted { id: SearchId(7), work: Never }";
        assert_eq!(effects, format!("[{written}, {sent}, {search}]"));
        assert_eq!(host.search(), Some((SearchId(7), &Never)));
        handle(&mut host, hear(8));
        // What is read comes before what follows the reading.
        let (effects, _) = handle(&mut host, hear(0));
        assert_eq!(effects, "[Event(1), SearchCancelled]");
        assert_eq!(host.search(), None);
        assert_eq!(handle(&mut host, Input::Command(())).0, "[Left]");
        assert!(!host.is_up());
        assert_eq!(handle(&mut host, hear(1)).0, "[]");
    }

    #[test]
    fn a_crash_comes_before_or_after_any_output_and_what_is_on_disk_stays() {
        for (at, outputs, entries, effects) in [
            (CrashAt::Before, 0, 0, 0),
            (CrashAt::After, 0, 1, 1),
            (CrashAt::Before, 1, 1, 1),
            (CrashAt::After, 2, 1, 3),
        ] {
            let mut host = started();
            let (mut seen, mut left) = (Vec::new(), outputs);
            let crash = |_: &Output<Toy>| {
                left -= 1;
                (left < 0).then_some(at)
            };
            let result = host.handle_until(Moment::START, hear(7), &mut seen, crash);
            assert_eq!(result, Ok(()));
            assert!(!host.is_up() && host.search().is_none());
            assert!(matches!(seen.pop(), Some(Effect::Crashed)));
            assert_eq!((host.disk().entries().len(), seen.len()), (entries, effects));
        }
    }

    #[test]
    fn a_crash_takes_back_what_is_not_synced_and_nothing_before_that() {
        for (heard, kept) in
            [(&[100][..], 0), (&[7, 100, 101], 1), (&[100, 101, 7, 102], 3), (&[7, 8], 2)]
        {
            let mut host = started();
            heard.iter().for_each(|number| drop(handle(&mut host, hear(*number))));
            assert_eq!(host.disk().entries().len(), heard.len());
            host.crash();
            assert_eq!(host.disk().entries()[..], heard[..kept], "{heard:?}");
            let log = host.disk().recovered().log.clone();
            assert_eq!(log.end - log.start, kept as u64, "{heard:?}");
            // What comes next follows on that.
            host.start(Toy(kept as u64));
            assert!(handle(&mut host, hear(8)).1, "{heard:?}");
        }
    }

    #[test]
    fn one_that_leaves_has_synced_all() {
        let mut host = started();
        handle(&mut host, hear(100));
        handle(&mut host, Input::Command(()));
        assert_eq!(host.disk().entries()[..], [100]);
    }

    #[test]
    fn a_hole_on_disk_is_reported_and_not_written() {
        let mut host = started();
        handle(&mut host, hear(7));
        let (effects, is_in_order) = handle(&mut host, hear(99));
        assert!(!is_in_order && !effects.contains("Written"), "{effects}");
        assert_eq!(host.disk().recovered().log, 0..1);
        assert_eq!(host.disk().log().get(0), Some(7));
    }

    #[test]
    fn an_engine_reads_what_is_written_later_and_a_copy_has_a_disk_of_its_own() {
        let mut host = started();
        let (log, copy) = (host.disk().log(), host.clone());
        handle(&mut host, hear(7));
        assert_eq!((log.numbers(), copy.disk().entries().len()), (0..1, 0));
    }
}
