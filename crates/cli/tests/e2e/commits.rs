//! What is committed in an assembly: submitted, followed, proven to others, and still there after
//! everything was killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::assembly::complaint;
use crate::harness::{Althing, Club, Way, command, embedded_broker, run, runs};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Runs a command with something on its standard input, and returns the lines that it writes, and
/// how it ends.
fn fed(arguments: &[&str], input: &str) -> (Vec<Value>, Option<i32>) {
    let mut process = command();
    process.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = process.spawn().expect("the program has just been built");
    let mut stdin = process.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = process.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("it writes text");
    (text.lines().map(json).collect(), output.status.code())
}

#[test]
fn what_is_submitted_is_followed_and_proven_to_who_has_only_the_hash_of_the_charter() {
    let (_broker, url) = embedded_broker();
    let mut club = Club::found(Way::Broker(url), 4);
    let names = club.names();
    let data: Vec<_> = names.iter().map(|name| club.data(name).display().to_string()).collect();
    let at = |name: &str| club.dir.path().join(name).display().to_string();

    let log = Althing::start("log", ["log", "--follow", "--json", "--data", &data[1]]);
    let told = json(&runs(&["submit", "--data", &data[0], "--json", "the hall is booked"]));
    let (height, hash) = (told["height"].as_u64(), told["entry"].as_str().expect("a hash"));
    assert!(told["view"].as_u64() >= height, "{told}");
    let line = log.wait_until("the entry", |lines| {
        lines.iter().find(|line| line.said["hash"] == hash).map(|line| line.said.clone())
    });
    assert_eq!((&line["name"], &line["text"]), (&"ann".into(), &"the hall is booked".into()));
    assert_eq!((line["height"].as_u64(), &line["application"]), (height, &"notes".into()));

    // A stream of lines, of which two are none.
    let long = "x".repeat(200);
    let input = format!("\"one\"\n{{\"text\": \"two\"}}\nthree\n\n\"{long}\"\n\"six\"\n");
    let lines = ["submit", "--data", &data[2], "--lines", "-", "--json"];
    let (mut outcomes, code) = fed(&lines, &input);
    outcomes.sort_by_key(|outcome| outcome["line"].as_u64());
    let shown: Vec<_> = outcomes.iter().map(|it| (&it["line"], &it["answer"])).collect();
    let expected = [(1, "added"), (2, "added"), (3, "not_sent"), (5, "refused"), (6, "added")];
    let expected = expected.map(|(line, answer)| (Value::from(line), Value::from(answer)));
    assert_eq!(shown, expected.iter().map(|(line, it)| (line, it)).collect::<Vec<_>>());
    assert_eq!(code, Some(1));
    log.wait_until("the last line", |lines| {
        lines.iter().find(|line| line.said["text"] == "six").cloned()
    });

    // A file is its digest.
    let minutes = at("minutes.txt");
    fs::write(&minutes, "abc").expect("the disk has room");
    runs(&["submit", "--data", &data[3], "--file", &minutes]);
    let shown = runs(&["log", "--data", &data[3]]);
    assert!(shown.contains("  dave  SHA256 (minutes.txt) = ba7816bf"), "{shown}");

    // The proof names what it is about, and takes nothing but the charter.
    let (proof, charter) = (at("proof.json"), at("club/charter.toml"));
    runs(&["prove", &hash[..16], "--data", &data[1], "--out", &proof]);
    let id = runs(&["charter", "check", &charter]).trim().to_owned();
    for given in [&id, &charter] {
        let said = json(&runs(&["verify", &proof, "--charter", given, "--json"]));
        assert_eq!((&said["entry_hash"], &said["is_compared"]), (&hash.into(), &true.into()));
        assert_eq!((&said["name"], said["height"].as_u64()), (&"ann".into(), height));
        assert_eq!(said["signed_by"].as_array().map(Vec::len), Some(3), "{said}");
    }
    let said = runs(&["verify", &proof]);
    assert!(said.contains("nothing here shows that it is the charter of your"), "{said}");
    let other = complaint(&["verify", &proof, "--charter", &"0".repeat(64)]);
    assert!(other.contains("it is of another assembly: the hash of its charter is"), "{other}");
    let (text, damaged) = (fs::read_to_string(&proof).expect("it is there"), at("damaged.json"));
    for (part, reason) in [("certificate", "signature"), ("entry", "entry"), ("header", "headers")]
    {
        let mut forged = json(&text);
        let place = match part {
            "entry" => &mut forged[part],
            _ => &mut forged["evidence"][part],
        };
        let mut digits = place.as_str().expect("digits").to_owned();
        let last = if digits.ends_with('0') { "1" } else { "0" };
        digits.replace_range(digits.len() - 1.., last);
        *place = digits.into();
        fs::write(&damaged, forged.to_string()).expect("the disk has room");
        let said = complaint(&["verify", &damaged, "--charter", &id]);
        assert!(said.contains(reason) && said.contains("damaged.json"), "{part}: {said}");
    }
    fs::write(&damaged, &text[..text.len() / 2]).expect("the disk has room");
    let said = complaint(&["verify", &damaged, "--charter", &id]);
    assert!(said.contains("it is not JSON; althing prove"), "{said}");

    // The chain of a running member is verified as it is, and so is that in a file.
    let chain = at("chain.jsonl");
    runs(&["chain", "export", "--data", &data[2], &chain]);
    let verified = json(&runs(&["chain", "verify", &chain, "--charter", &id, "--json"]));
    assert_eq!((&verified["valid"], &verified["is_compared"]), (&true.into(), &true.into()));
    let text = fs::read_to_string(&chain).expect("it is there");
    let last = text.trim_end().rfind(' ').expect("the last block has a certificate");
    fs::write(&damaged, format!("{}\n", &text[..last])).expect("the disk has room");
    let said = complaint(&["chain", "verify", &damaged]);
    assert!(said.contains("nothing here proves that they are committed"), "{said}");

    // Who follows a peer that is killed is told, and who submits to one that is not there as well.
    let mut log = log;
    for name in club.names() {
        club.members.get_mut(name).expect("it runs").kill();
    }
    assert_eq!(log.ended().code(), Some(1));
    let output = run(&["submit", "--data", &data[0], "too late"]);
    let said = String::from_utf8(output.stderr).expect("it writes text");
    assert!(output.status.code() == Some(1) && said.contains("not submitted: "), "{said}");
    // What was committed is on every disk that had it, and can be checked from the genesis on.
    for dir in &data {
        let verified = json(&runs(&["chain", "verify", "--data", dir, "--charter", &id, "--json"]));
        assert_eq!(verified["valid"], true, "{verified}");
        assert_eq!(verified["members"], serde_json::json!(names));
        assert!(verified["certificates"].as_u64() >= Some(1), "{verified}");
    }
    let other = complaint(&["chain", "verify", "--data", &data[0], "--charter", &"0".repeat(64)]);
    assert!(other.contains("it is of another assembly"), "{other}");
    let shown = runs(&["chain", "show", "--data", &data[0], "--json"]);
    let block = shown.lines().map(json).find(|block| block["height"].as_u64() == height);
    let block = block.expect("it was committed there");
    assert_eq!((&block["entries"][0], &block["names"][0]), (&line["text"], &"ann".into()));
    assert!(block["committed_by"].as_u64() >= height, "{block}");
    // The proof is there without any peer, wherever the charter is.
    runs(&["prove", hash, "--data", &data[0], "--out", &proof]);
    runs(&["verify", &proof, "--charter", &id]);
    fs::remove_file(club.data("ann").join("charter.toml")).expect("it is there");
    let said = complaint(&["prove", hash, "--data", &data[0]]);
    assert!(said.contains("name it with --charter"), "{said}");
    let proven = runs(&["prove", hash, "--data", &data[0], "--charter", &charter]);
    assert_eq!(json(&proven)["entry"], json(&fs::read_to_string(&proof).expect("a file"))["entry"]);
}

#[test]
fn the_examples_of_the_formats_are_read_as_their_page_says() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("formats.md")).expect("it is there");
    let mut blocks = page.split("```text\n").skip(1).filter_map(|block| block.split("```").next());
    let mut next = || blocks.next().expect("there are four blocks").to_owned();
    let (chain, entry, key, public) = (next(), next(), next(), next());
    let at = |name: &str| docs.join("vectors").join(name).display().to_string();
    assert_eq!(runs(&["charter", "check", &at("charter.toml")]), chain);
    let verify = ["verify", &at("proof.json"), "--charter", chain.trim(), "--json"];
    assert_eq!(json(&runs(&verify))["entry_hash"], entry.trim());
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("example.key").display().to_string();
    fs::write(&file, key).expect("the disk has room");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let ours = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&file, ours).expect("it is ours");
    }
    assert_eq!(runs(&["key", "show", &file]), public);
    let copy = dir.path().join("copy.key").display().to_string();
    assert_eq!(runs(&["key", "import", &file, &copy, "--no-passphrase"]), public);
    assert_eq!(fs::read(&copy).expect("it was made"), fs::read(&file).expect("it is there"));
}
