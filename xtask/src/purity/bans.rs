//! What a pure crate may not call, as the `clippy.toml` that makes clippy refuse it.

use std::fmt::Write;

/// The settings of the workspace's own `clippy.toml`. Clippy reads only the nearest file, so a
/// crate with its own file must repeat them.
const SETTINGS: &str = "\
allow-dbg-in-tests = true
allow-expect-in-tests = true
allow-print-in-tests = true
allow-unwrap-in-tests = true
";

/// Functions and types that are refused for the same reason.
struct Ban {
    reason: &'static str,
    methods: &'static [&'static str],
    types: &'static [&'static str],
}

const CLOCK: Ban = Ban {
    reason: "time is an argument here: take a Moment, which only the node makes from a clock",
    methods: &[],
    types: &["std::time::Instant", "std::time::SystemTime"],
};

const ENTROPY: Ban = Ban {
    reason: "entropy is an argument here: take a seeded generator, so that a run can be replayed",
    methods: &["rand::rng", "rand::random", "rand::make_rng"],
    types: &["std::hash::RandomState", "rand::rngs::SysRng", "rand::rngs::ThreadRng"],
};

const ORDER: Ban = Ban {
    reason: "its order differs from run to run: BTreeMap and BTreeSet have one that is defined",
    methods: &[],
    types: &["std::collections::HashMap", "std::collections::HashSet"],
};

const THREADS: Ban = Ban {
    reason: "threads are the node's and the miner's: answer with an output that asks for work",
    methods: &[
        "std::thread::available_parallelism",
        "std::thread::current",
        "std::thread::park",
        "std::thread::scope",
        "std::thread::sleep",
        "std::thread::spawn",
        "std::thread::yield_now",
    ],
    types: &["std::thread::Builder", "std::thread::JoinHandle"],
};

/// For the crate that may start threads: even it must not make them sleep.
const SLEEP: Ban = Ban { reason: CLOCK.reason, methods: &["std::thread::sleep"], types: &[] };

const DISK: Ban = Ban {
    reason: "files are the store's and the command's: take bytes, or use include_bytes! in a test",
    methods: &[
        "std::fs::canonicalize",
        "std::fs::copy",
        "std::fs::create_dir",
        "std::fs::create_dir_all",
        "std::fs::exists",
        "std::fs::hard_link",
        "std::fs::metadata",
        "std::fs::read",
        "std::fs::read_dir",
        "std::fs::read_link",
        "std::fs::read_to_string",
        "std::fs::remove_dir",
        "std::fs::remove_dir_all",
        "std::fs::remove_file",
        "std::fs::rename",
        "std::fs::set_permissions",
        "std::fs::symlink_metadata",
        "std::fs::write",
        "std::path::Path::canonicalize",
        "std::path::Path::exists",
        "std::path::Path::is_dir",
        "std::path::Path::is_file",
        "std::path::Path::is_symlink",
        "std::path::Path::metadata",
        "std::path::Path::read_dir",
        "std::path::Path::read_link",
        "std::path::Path::symlink_metadata",
        "std::path::Path::try_exists",
    ],
    types: &["std::fs::DirBuilder", "std::fs::File", "std::fs::OpenOptions"],
};

const NETWORK: Ban = Ban {
    reason: "sockets are the transports': answer with an output that says what to send",
    methods: &["std::net::ToSocketAddrs::to_socket_addrs"],
    types: &[
        "std::net::TcpListener",
        "std::net::TcpStream",
        "std::net::UdpSocket",
        "std::os::unix::net::UnixDatagram",
        "std::os::unix::net::UnixListener",
        "std::os::unix::net::UnixStream",
    ],
};

const PROCESS: Ban = Ban {
    reason: "the process is the command's: return an error, or answer with an output",
    methods: &[
        "std::io::stderr",
        "std::io::stdin",
        "std::io::stdout",
        "std::process::abort",
        "std::process::exit",
        "std::process::id",
    ],
    types: &["std::process::Command"],
};

/// Returns the `clippy.toml` of a pure crate that may or may not start threads.
pub(super) fn clippy_toml(may_start_threads: bool) -> String {
    let threads = if may_start_threads { SLEEP } else { THREADS };
    let bans = [CLOCK, ENTROPY, ORDER, threads, DISK, NETWORK, PROCESS];
    let mut text = String::from(
        "# This crate is pure: it asks the machine for nothing. Written by `cargo xtask purity\n\
         # --write` from xtask/src/purity/bans.rs; change it there.\n\n",
    );
    text.push_str(SETTINGS);
    push_list(&mut text, "methods", bans.iter().map(|ban| (ban.reason, ban.methods)));
    push_list(&mut text, "types", bans.iter().map(|ban| (ban.reason, ban.types)));
    text
}

fn push_list<'a>(
    text: &mut String,
    kind: &str,
    bans: impl Iterator<Item = (&'a str, &'a [&'a str])>,
) {
    writeln!(text, "\ndisallowed-{kind} = [").expect("a String takes all that is written");
    for (reason, paths) in bans {
        for path in paths {
            // Not every crate has `rand`, or the feature that would give it entropy.
            let anywhere = if path.starts_with("std::") { "" } else { ", allow-invalid = true" };
            writeln!(text, "    {{ path = \"{path}\", reason = \"{reason}\"{anywhere} }},")
                .expect("a String takes all that is written");
        }
    }
    text.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_crate_that_searches_may_start_threads_and_none_may_sleep() {
        let (with, without) = (clippy_toml(true), clippy_toml(false));
        assert!(without.contains("\"std::thread::spawn\""));
        assert!(!with.contains("\"std::thread::spawn\""));
        assert!(
            with.contains("\"std::thread::sleep\"") && without.contains("\"std::thread::sleep\"")
        );
    }

    #[test]
    fn the_settings_are_those_of_the_whole_workspace() {
        let own = include_str!("../../../clippy.toml");
        let settings: Vec<&str> = own.lines().filter(|line| line.contains('=')).collect();
        assert_eq!(settings, SETTINGS.lines().collect::<Vec<_>>());
    }

    #[test]
    fn what_the_standard_library_offers_must_exist_and_the_rest_may() {
        let text = clippy_toml(false);
        let bans = text.lines().filter(|line| line.trim_start().starts_with("{ path"));
        for line in bans {
            assert_eq!(line.contains("\"std::"), !line.contains("allow-invalid"), "{line}");
        }
    }
}
