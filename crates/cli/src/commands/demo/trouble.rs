//! What goes wrong in a demo of an assembly by itself, as its options ask for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use althing_faults::assembly::Role;
use althing_faults::{role_name, role_named};
use althing_ledger::charter::{Charter, Member};
use althing_node::plug::{Action, FaultKind, Peers, Plug, State};
use althing_types::Moment;
use clap::Args;

use crate::output::{self, demand, misuse};

#[derive(Args)]
#[command(next_help_heading = "Trouble (assembly)")]
pub(super) struct Trouble {
    /// Kill a member so long after all have started, as in leader@10s or member-2@5s; it may be
    /// given several times.
    #[arg(long, value_name = "MEMBER@TIME")]
    crash: Vec<Crash>,

    /// How long a member that --crash has killed stays away, or never. The default is 5s.
    #[arg(long, value_name = "TIME|never", requires = "crash")]
    revive: Option<Revival>,

    /// Have the last so many members lie: at most as many as the charter bears, one of four.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    byzantine: Option<u16>,

    /// How all of them lie, as in votes-twice or silent. By default each lies in another way.
    #[arg(long, value_name = "ROLE", requires = "byzantine", value_parser = parse_role)]
    byzantine_role: Option<Role>,

    /// Have more members lie than the charter bears: they may then keep the others from committing
    /// anything, or have them commit different blocks.
    #[arg(long, requires = "byzantine")]
    over_the_limit: bool,
}

/// The ways to lie, by turns: first those that show most.
const TURNS: [Role; 6] = [
    Role::VotesTwice,
    Role::ProposesTwice,
    Role::InvalidBlocks,
    Role::VotesForAll,
    Role::NullifiesAll,
    Role::WithholdsBlocks,
];

/// How long a member that was killed stays away.
const AWAY: Duration = Duration::from_secs(5);

/// A member that is killed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Crash {
    who: Who,
    after: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// The one that leads the view at that moment.
    Leader,
    /// A member by its name or its number.
    Called(String),
}

/// When a member that was killed starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revival {
    After(Duration),
    Never,
}

/// What is to be done, and when.
pub(super) struct Schedule {
    /// The latest first.
    deeds: Vec<(Moment, Deed)>,
    revive: Revival,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    KillTheLeader,
    Kill(usize),
    Revive(usize),
}

impl Trouble {
    /// Complains if there is no such member, or if more lie than is borne.
    pub(super) fn check(&self, charter: &Charter) -> anyhow::Result<()> {
        for crash in &self.crash {
            crash.number(charter)?;
        }
        let (members, most) = (charter.members.len(), charter.faulty_max());
        let lie = usize::from(self.byzantine.unwrap_or_default());
        demand!(
            lie < members,
            "--byzantine {lie} leaves no honest one of {members} members; have fewer lie, or give \
             more --members"
        );
        if lie > most && self.over_the_limit {
            output::warn(&format!(
                "{lie} of {members} members lie, and {most} may: perhaps nothing is committed, or \
                 members commit different blocks"
            ));
        } else {
            demand!(
                lie <= most,
                "of {members} members at most {most} may lie; give at least {} --members, or \
                 --over-the-limit to see what happens",
                3 * lie + 1
            );
        }
        let killed = self.crash.len();
        if killed > 0 && lie <= most && lie + killed > most {
            output::warn(&format!(
                "lying members: {lie}, killed ones: {killed}; of {members} at most {most} may \
                 fail at once, and while more do, nothing is committed"
            ));
        }
        Ok(())
    }

    /// Returns the numbers of the members that lie, and how they do.
    pub(super) fn liars(&self, members: usize) -> impl Iterator<Item = (usize, Role)> {
        let lie = usize::from(self.byzantine.unwrap_or_default());
        let role = self.byzantine_role;
        let turns = TURNS.into_iter().cycle().map(move |turn| role.unwrap_or(turn));
        (members.saturating_sub(lie)..members).zip(turns)
    }

    /// Returns what is to be done, counted from `start`.
    pub(super) fn schedule(&self, charter: &Charter, start: Moment) -> anyhow::Result<Schedule> {
        let deed = |crash: &Crash| -> anyhow::Result<_> {
            let deed = crash.number(charter)?.map_or(Deed::KillTheLeader, Deed::Kill);
            Ok((start + crash.after, deed))
        };
        let deeds = self.crash.iter().map(deed).collect::<anyhow::Result<_>>()?;
        let revive = self.revive.unwrap_or(Revival::After(AWAY));
        let mut schedule = Schedule { deeds, revive };
        schedule.sort();
        Ok(schedule)
    }
}

/// Has members break the rules from now on.
pub(super) async fn corrupt(
    liars: impl Iterator<Item = (usize, Role)>,
    plug: &mut Plug,
    peers: &mut impl Peers,
) -> anyhow::Result<()> {
    for (number, role) in liars {
        let Some(peer) = plug.peers().get(number).map(|peer| peer.name.clone()) else { continue };
        let fault = FaultKind::Byzantine { peer, strategy: role_name(&role) };
        plug.act(Action::Set(fault), peers).await?;
    }
    Ok(())
}

impl Crash {
    /// Returns the number of the member, from zero on; `None` if it is the leader of that time.
    fn number(&self, charter: &Charter) -> anyhow::Result<Option<usize>> {
        let Who::Called(called) = &self.who else { return Ok(None) };
        let members = &charter.members;
        let named = members.iter().position(|member: &Member| member.name.as_str() == called);
        let numbered = || {
            let number = called.trim_start_matches('#').parse::<usize>().ok()?.checked_sub(1)?;
            (number < members.len()).then_some(number)
        };
        match named.or_else(numbered) {
            Some(number) => Ok(Some(number)),
            None => {
                let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                misuse!(
                    "--crash {self}: no member is called {called:?}; they are {}, or say leader",
                    names.join(", ")
                )
            }
        }
    }
}

impl Schedule {
    fn sort(&mut self) {
        self.deeds.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Returns when the next thing is to be done.
    pub(super) fn next_at(&self) -> Option<Moment> {
        self.deeds.last().map(|(at, _)| *at)
    }

    /// Does what is due; `leader` leads now.
    pub(super) async fn go_on(
        &mut self,
        now: Moment,
        leader: Option<usize>,
        plug: &mut Plug,
        peers: &mut impl Peers,
    ) {
        while self.next_at().is_some_and(|at| at <= now) {
            let Some((_, deed)) = self.deeds.pop() else { return };
            let number = match deed {
                Deed::Kill(number) | Deed::Revive(number) => Some(number),
                Deed::KillTheLeader => leader.or_else(|| first_up(plug)),
            };
            let peer = number.and_then(|number| plug.peers().get(number)).map(|it| it.name.clone());
            let (Some(number), Some(peer)) = (number, peer) else { continue };
            let is_revived = deed == Deed::Revive(number);
            let action = if is_revived { Action::Restart(peer) } else { Action::Crash(peer) };
            // One that its user has killed or started by other means is as it is to be.
            let done = plug.act(action, peers).await;
            if let (Ok(_), false, Revival::After(away)) = (done, is_revived, self.revive) {
                self.deeds.push((now + away, Deed::Revive(number)));
                self.sort();
            }
        }
    }
}

fn first_up(plug: &Plug) -> Option<usize> {
    plug.peers().iter().position(|peer| peer.state != State::Crashed)
}

impl FromStr for Crash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.rsplit_once('@').filter(|(who, _)| !who.is_empty());
        let (who, after) =
            parts.ok_or("write who and when, as in leader@10s or member-2@5s".to_owned())?;
        let after = humantime::parse_duration(after).map_err(|error| error.to_string())?;
        let who = match who {
            "leader" => Who::Leader,
            called => Who::Called(called.to_owned()),
        };
        Ok(Self { who, after })
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match &self.who {
            Who::Leader => "leader",
            Who::Called(called) => called,
        };
        write!(f, "{who}@{}", humantime::format_duration(self.after))
    }
}

impl FromStr for Revival {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "never" => Ok(Self::Never),
            time => humantime::parse_duration(time)
                .map(Self::After)
                .map_err(|error| format!("{error}; or write never")),
        }
    }
}

fn parse_role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.iter().map(role_name).collect::<Vec<_>>().join(", ");
    role_named(&Role::ALL, text).ok_or_else(|| format!("they are {}", names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_says_who_and_when() {
        let crash = |text: &str| text.parse::<Crash>();
        let after = Duration::from_millis(1500);
        assert_eq!(crash("leader@1500ms"), Ok(Crash { who: Who::Leader, after }));
        let who = Who::Called("ann@home".to_owned());
        assert_eq!(crash("ann@home@1500ms"), Ok(Crash { who, after }));
        for text in ["leader", "@5s", "leader@soon", ""] {
            assert!(crash(text).is_err(), "{text}");
        }
        assert_eq!("never".parse(), Ok(Revival::Never));
        assert_eq!("2s".parse(), Ok(Revival::After(Duration::from_secs(2))));
        assert!("later".parse::<Revival>().is_err());
    }

    #[test]
    fn a_role_is_one_of_those_there_are() {
        assert_eq!(parse_role("votes-twice"), Ok(Role::VotesTwice));
        let error = parse_role("nice").expect_err("there is none");
        assert!(error.contains("proposes-twice"), "{error}");
    }

    #[test]
    fn the_last_members_lie_by_turns_or_all_in_one_way() {
        let trouble = |byzantine_role| Trouble {
            crash: Vec::new(),
            revive: None,
            byzantine: Some(2),
            byzantine_role,
            over_the_limit: false,
        };
        let liars: Vec<_> = trouble(None).liars(7).collect();
        assert_eq!(liars, [(5, TURNS[0]), (6, TURNS[1])]);
        let liars: Vec<_> = trouble(Some(Role::Silent)).liars(7).collect();
        assert_eq!(liars, [(5, Role::Silent), (6, Role::Silent)]);
    }
}
