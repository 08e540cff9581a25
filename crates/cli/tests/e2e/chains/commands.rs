//! The commands that work on a stored or exported chain.

use std::fs;

use serde_json::{Value, json};

use super::harness::{Chains, QUICK_AVIARY, QUICK_OPEN, chain};

/// Returns a network with one peer, which has stopped and left a chain of a few blocks.
fn left_behind(options: &str, start: &str, entries: &[&str]) -> Chains {
    let chains = Chains::with(options);
    let words = chains.file("words.txt", "hello\nworld\n");
    let mut peer = chains.peer("peer", &start.replace("FILE", &words));
    for entry in entries {
        chain(&["add"], &chains.data("peer"), &[entry]).expect("it is valid");
    }
    peer.stops();
    chains
}

/// Returns what `chain verify` says of a peer's chain, but for how long that took.
fn verified(chains: &Chains, name: &str) -> Value {
    let mut verdict = chain(&["verify", "--json"], &chains.data(name), &[]).expect("it is valid");
    let took = verdict.as_object_mut().and_then(|verdict| verdict.remove("seconds"));
    assert!(took.is_some_and(|took| took.is_f64()), "{verdict}");
    verdict
}

#[test]
fn a_chain_is_carried_from_one_peer_to_another_in_a_file() {
    for (options, start) in [(QUICK_AVIARY, "--found FILE"), (QUICK_OPEN, "--mine")] {
        let chains = left_behind(options, start, &["one", "two"]);
        let file = chains.data("chain.jsonl").display().to_string();
        chain(&["export"], &chains.data("peer"), &[&file]).expect("there is room");
        chain(&["import"], &chains.data("copy"), &[&file]).expect("it is valid");
        assert_eq!(verified(&chains, "copy")["tip"], verified(&chains, "peer")["tip"]);
        assert_eq!(chains.entries("copy"), chains.entries("peer"));
        let again = chain(&["import"], &chains.data("copy"), &[&file]);
        let complaint = again.expect_err("it is there already");
        assert!(complaint.contains("no more work"), "{complaint}");
    }
}

#[test]
fn a_running_peer_is_asked_for_its_chain_and_a_table_is_not_what_it_has() {
    for (options, start) in [(QUICK_AVIARY, "--found FILE"), (QUICK_OPEN, "")] {
        let chains = Chains::with(options);
        let words = chains.file("words.txt", "hello\nworld\n");
        let mut peer = chains.peer("peer", &start.replace("FILE", &words));
        if !start.is_empty() {
            chain(&["add"], &chains.data("peer"), &["one"]).expect("it is valid");
        }
        let file = |name: &str| chains.data(name).display().to_string();
        let of_running = verified(&chains, "peer");
        chain(&["export"], &chains.data("peer"), &[&file("running.jsonl")]).expect("it runs");
        chain(&["show", "--json"], &chains.data("peer"), &[]).expect("it runs");
        let table = crate::harness::command().args(["table", "--data", &file("peer")]).output();
        let complaint = String::from_utf8(table.expect("it runs").stderr).expect("a text");
        assert!(complaint.contains("a chain instead of a table; see althing chain"), "{complaint}");
        peer.stops();
        assert_eq!(verified(&chains, "peer"), of_running);
        chain(&["export"], &chains.data("peer"), &[&file("stopped.jsonl")]).expect("it has one");
        let read = |name| fs::read_to_string(chains.data(name)).expect("it was written");
        assert_eq!(read("running.jsonl"), read("stopped.jsonl"));
    }
}

#[test]
fn an_entry_that_says_nothing_is_refused_and_one_that_is_only_here_has_its_own_exit_code() {
    let chains = Chains::with(QUICK_AVIARY);
    let words = chains.file("words.txt", "hello\n");
    let peer = chains.peer("peer", &format!("--found {words}"));
    for blank in ["", " ", "\u{a0}\t"] {
        let complaint = chain(&["add"], &chains.data("peer"), &[blank]).expect_err("it is blank");
        assert!(complaint.contains("invalid: an entry has more than spaces"), "{complaint}");
    }
    let mut add = crate::harness::command();
    add.args(["chain", "add", "alone", "--data"]).arg(chains.data("peer"));
    let output = add.output().expect("it has been built");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).expect("a text");
    assert!(said.contains("but only here so far: no other peer"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "it is not added");
    drop(peer);
}

#[test]
fn an_export_replaces_neither_the_peers_own_files_nor_a_device_or_a_link() {
    let chains = left_behind(QUICK_AVIARY, "--found FILE", &[]);
    let data = chains.data("peer");
    let own = data.join("althing.redb").display().to_string();
    let complaint = chain(&["export"], &data, &[&own]).expect_err("it is its own");
    assert!(complaint.contains("is a file of the peer itself"), "{complaint}");
    let before = verified(&chains, "peer");
    #[cfg(unix)]
    {
        let target = chains.file("target.jsonl", "");
        let link = chains.data("link.jsonl");
        std::os::unix::fs::symlink(&target, &link).expect("there is room");
        for to in [&*link.display().to_string(), "/dev/null"] {
            chain(&["export"], &data, &[to]).expect("there is room");
        }
        assert!(link.is_symlink() && !fs::read(&target).expect("it is there").is_empty());
        assert!(!fs::metadata("/dev/null").expect("it is there").is_file());
    }
    assert_eq!(verified(&chains, "peer"), before);
}

#[test]
fn a_file_with_an_invalid_block_changes_nothing_and_says_which_rule_it_breaks() {
    let chains = left_behind(QUICK_AVIARY, "--found FILE", &["one", "two"]);
    let file = chains.data("chain.jsonl").display().to_string();
    chain(&["export"], &chains.data("peer"), &[&file]).expect("there is room");
    let good = fs::read_to_string(&file).expect("it was just written");
    let mut lines: Vec<&str> = good.lines().collect();
    let changed = lines[2].replace("one", "eno");
    lines[2] = &changed;
    let cases = [
        (lines.join("\n") + "\n", "block 1 does not follow on the one before it (rule B6)"),
        (good.replacen("althing chain", "another chain", 1), "this is no chain"),
        (good.replacen("\"difficulty\":3", "\"difficulty\":4", 1), "(rule B7)"),
        (good.lines().take(2).fold(String::new(), |text, line| text + line + "\n"), "ends after 1"),
        (good[..good.len() - 9].to_owned(), "ends after 2 of 3 blocks"),
        (String::new(), "this is no chain"),
    ];
    for (content, wanted) in cases {
        let bad = chains.file("bad.jsonl", &content);
        let complaint =
            chain(&["import"], &chains.data("copy"), &[&bad]).expect_err("it is invalid");
        assert!(complaint.contains(wanted) && complaint.contains("bad.jsonl"), "{complaint}");
        assert!(!chains.data("copy").exists(), "nothing was made");
        chain(&["import"], &chains.data("peer"), &[&bad]).expect_err("it is invalid");
    }
    assert_eq!(verified(&chains, "peer")["blocks"], 3);
}

#[test]
fn options_of_the_other_kind_of_network_are_explained() {
    for (options, complaint) in [
        ("peer --dialect cs60 --peers 3", "--peers is an option of networks with rounds"),
        ("peer --dialect sd --contact a:1", "--contact is an option of networks with a chain"),
        ("peer --dialect aviary --entries texts", "--entries is an option of cs60 only"),
        ("peer --dialect aviary --tracker a:1", "an option of cs60, open and assembly only"),
        ("peer --dialect cs60 --kick-after 9s", "add --dialect aviary or open, or leave it out"),
        ("cs60-vote --contact a:1", "leave it out with althing cs60-vote"),
        ("stratum --entries texts", "leave it out with althing stratum"),
        ("peer --dialect open", "found one with --founded now"),
        ("peer --dialect open --founded yesterday", "is no time"),
        ("peer --dialect aviary --kick-after 0s", "--kick-after is too short"),
        ("peer --dialect aviary --found /nowhere/words", "reading /nowhere/words"),
        ("demo --dialect aviary --challenge 9", "--challenge is an option of networks with rounds"),
        ("demo --dialect open --broker mqtt://a", "peers of open meet over UDP in the demo"),
        ("bench rounds --dialect aviary", "possible values: elect-chain, sd, ppd"),
        ("events --data /nowhere", "no peer runs in /nowhere"),
        ("chain show --data /nowhere", "/nowhere holds nothing of a peer"),
    ] {
        let mut command = crate::harness::command();
        let output = command.args(options.split(' ')).output().expect("it has been built");
        assert!(!output.status.success(), "{options}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(complaint), "{options}: {said}");
    }
}

#[test]
fn what_proves_an_entry_is_checked_without_any_peer_and_says_nothing_else() {
    for (options, start, entry) in
        [(QUICK_AVIARY, "--found FILE", "one"), (QUICK_OPEN, "--mine", "one")]
    {
        let chains = Chains::with(options);
        let words = chains.file("words.txt", "hello\nworld\n");
        let mut peer = chains.peer("peer", &start.replace("FILE", &words));
        let height = super::harness::add(&chains, "peer", entry).to_string();
        let proof = chain(&["prove"], &chains.data("peer"), &[&height]).expect("it is there");
        peer.stops();
        let check_with = |proof: &Value, options: &[&str]| {
            let file = chains.file("proof.json", &proof.to_string());
            let mut check = crate::harness::command();
            let check = check.args(["verify", &file]).args(options);
            let output = check.output().expect("it has been built");
            match output.status.success() {
                true => Ok(String::from_utf8(output.stdout).expect("a text")),
                false => Err(String::from_utf8(output.stderr).expect("a text")),
            }
        };
        let check = |proof: &Value| check_with(proof, &[]);
        let said = check(&proof).expect("it is good");
        assert!(said.contains(&format!("{entry:?}")) && said.contains(&height), "{said}");
        assert!(said.contains(proof["hash"].as_str().expect("a hash")), "{said}");
        let hash = proof["hash"].as_str().expect("a hash");
        let said = check_with(&proof, &["--hash", hash]).expect("it is that of the block");
        assert!(!said.contains("claims"), "{said}");
        let complaint = check_with(&proof, &["--hash", &"00".repeat(32)]).expect_err("another one");
        assert!(complaint.contains(hash), "{complaint}");
        if options == QUICK_OPEN {
            // An entry is signed for its network.
            let mut other = proof.clone();
            other["rules"]["name"] = "club\u{1b}[2J".into();
            let complaint = check(&other).expect_err("it is of another network");
            assert!(complaint.contains("signature") && !complaint.contains('\u{1b}'));
        }
        let forgeries = [
            ("entry", json!("00".repeat(40))),
            ("hash", json!("00".repeat(32))),
            ("place", json!(1)),
        ];
        for (field, value) in forgeries {
            let mut forged = proof.clone();
            forged[field] = value;
            let complaint = check(&forged).expect_err(field);
            assert!(complaint.contains("proof.json"), "{complaint}");
        }
    }
}
