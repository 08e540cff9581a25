//! What the command says of itself, and of what it cannot make sense of.

use std::path::Path;

use assert_cmd::Command;

/// Returns the command, as a user has it who has set nothing in the environment.
fn althing(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("althing"));
    for variable in
        ["ALTHING_BROKER", "ALTHING_LOG", "ALTHING_STRATUM_PASSWORD", "COLUMNS", "NO_COLOR"]
    {
        command.env_remove(variable);
    }
    command.args(arguments);
    command
}

/// Returns what `--help` says, without the blanks at the ends of its lines.
fn help(arguments: &[&str]) -> String {
    let output = althing(arguments).arg("--help").output().expect("it has just been built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("help is a text");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Returns the complaint about arguments that make no sense: nothing is done, and the exit code
/// is 2.
fn misuse(arguments: &[&str]) -> String {
    let output = althing(arguments).output().expect("it has just been built");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).expect("complaints are a text")
}

/// Returns the complaint about something that cannot be done: a single line, with exit code 1.
fn failure(arguments: &[&str]) -> String {
    let output = althing(arguments).output().expect("it has just been built");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stderr).expect("complaints are a text");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn each_command_explains_itself() {
    insta::assert_snapshot!("althing", help(&[]));
    insta::assert_snapshot!("demo", help(&["demo"]));
    insta::assert_snapshot!("peer", help(&["peer"]));
    insta::assert_snapshot!("init", help(&["init"]));
    insta::assert_snapshot!("key", help(&["key"]));
    insta::assert_snapshot!("key_new", help(&["key", "new"]));
    insta::assert_snapshot!("charter", help(&["charter"]));
    insta::assert_snapshot!("charter_new", help(&["charter", "new"]));
    insta::assert_snapshot!("charter_sign", help(&["charter", "sign"]));
    insta::assert_snapshot!("broker", help(&["broker"]));
    insta::assert_snapshot!("tracker", help(&["tracker"]));
    insta::assert_snapshot!("stratum", help(&["stratum"]));
    insta::assert_snapshot!("table", help(&["table"]));
    insta::assert_snapshot!("chain", help(&["chain"]));
    insta::assert_snapshot!("chain_add", help(&["chain", "add"]));
    insta::assert_snapshot!("chain_import", help(&["chain", "import"]));
    insta::assert_snapshot!("profile", help(&["profile"]));
    insta::assert_snapshot!("profile_show", help(&["profile", "show"]));
    insta::assert_snapshot!("profile_check", help(&["profile", "check"]));
    insta::assert_snapshot!("status", help(&["status"]));
    insta::assert_snapshot!("cs60_vote", help(&["cs60-vote"]));
    insta::assert_snapshot!("bench", help(&["bench"]));
    insta::assert_snapshot!("bench_rounds", help(&["bench", "rounds"]));
    insta::assert_snapshot!("bench_chain", help(&["bench", "chain"]));
    insta::assert_snapshot!("bench_pow", help(&["bench", "pow"]));
    insta::assert_snapshot!("watch", help(&["watch"]));
    insta::assert_snapshot!("mine", help(&["mine"]));
    insta::assert_snapshot!("mine_sha256", help(&["mine", "sha256"]));
}

#[test]
fn the_committed_schema_of_profiles_is_the_current_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../docs/profile.schema.json");
    let schema = althing_dialect::profile::schema::profile_schema();
    let current = serde_json::to_string_pretty(&schema).expect("it has text keys") + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &current).expect("the repository is writable");
    }
    let committed = std::fs::read_to_string(&path).expect("it is committed");
    let renew = "run UPDATE=1 cargo nextest run -p althing schema to renew it";
    assert!(committed == current, "{} is not current; {renew}", path.display());
}

#[test]
fn what_is_shown_of_a_profile_is_a_profile() {
    let list = althing(&["profile", "list"]).output().expect("it has just been built");
    insta::assert_snapshot!("profile_list", String::from_utf8(list.stdout).expect("a text"));
    let shown = althing(&["profile", "show", "copy-e"]).output().expect("it has just been built");
    let dir = tempfile::tempdir().expect("there is room");
    let path = dir.path().join("mine.toml");
    std::fs::write(&path, shown.stdout).expect("there is room");
    let path = path.to_str().expect("a text");
    let checked = althing(&["profile", "check", path]).output().expect("it has just been built");
    assert!(checked.status.success(), "{checked:?}");
    let said = String::from_utf8(checked.stdout).expect("a text");
    assert!(said.ends_with("mine.toml: copy-e is a profile\n"), "{said}");
    let built_in = althing(&["profile", "check", "elect-chain"]).output().expect("it is built");
    assert!(built_in.status.success(), "{built_in:?}");
    let said = String::from_utf8(built_in.stdout).expect("a text");
    let [first, second] = &said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert_eq!(*first, "elect-chain: elect-chain is a profile");
    assert!(second.starts_with("elect-chain: note: judge.bound: "), "{said}");
}

#[test]
fn all_that_is_wrong_with_a_profile_is_said_with_its_line() {
    let dir = tempfile::tempdir().expect("there is room");
    let path = dir.path().join("mine.toml");
    let text = "name = \"x\"\n[topics]\nprefx = \"a/\"\n[id]\nkind = \"number\"\n";
    std::fs::write(&path, text).expect("there is room");
    let path = path.to_str().expect("a text");
    let output = althing(&["profile", "check", path]).output().expect("it has just been built");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).expect("a text");
    let prefix = "mine.toml:3: topics.prefx: there is no key \"prefx\"; did you mean \"prefix\"?";
    assert!(said.contains(prefix), "{said}");
    assert!(said.contains("mine.toml:5: id.kind: there is no value \"number\""), "{said}");
    let json = althing(&["profile", "check", "--json", path]).output().expect("it is built");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("a line of JSON");
    assert_eq!((&json["ok"], &json["problems"][0]["line"]), (&false.into(), &3.into()));
}

#[test]
fn the_version_is_that_of_the_package() {
    for arguments in [&["--version"][..], &["-V"], &["demo", "--version"]] {
        let output = althing(arguments).output().expect("it has just been built");
        let text = String::from_utf8(output.stdout).expect("a text");
        assert!(text.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{text}");
    }
}

#[test]
fn without_a_command_it_shows_what_there_is() {
    for arguments in [&[][..], &["bench"]] {
        assert!(misuse(arguments).contains("Usage: althing"));
    }
}

#[test]
fn arguments_that_make_no_sense_are_explained() {
    for (arguments, complaint) in [
        (&["dmeo"][..], "unrecognized subcommand 'dmeo'"),
        (&["demo", "--round", "3"], "a similar argument exists: '--rounds'"),
        (&["demo", "--rounds", "0"], "invalid value '0' for '--rounds <N>'"),
        (&["demo", "--peers", "0"], "a network has 1 to 1000 peers"),
        (&["demo", "--peers", "1001"], "a network has 1 to 1000 peers"),
        (
            &["demo", "--challenge", "9..3"],
            "9 bits are more than 3; the smaller number comes first",
        ),
        (&["demo", "--challenge", "161"], "not between 1 and 160"),
        (&["demo", "--challenge", "easy"], "write one as in 12, or two as in 8..20"),
        (&["demo", "--leader-timeout", "1ms"], "less than 10ms leaves no time for an answer"),
        (&["demo", "--threads", "0"], "number would be zero"),
        (&["peer", "--prefix", "class/#"], "'#' means something else in a topic"),
        (&["peer", "--qos", "3"], "it is 0, 1 or 2"),
        (&["peer", "--broker", "ftp://localhost"], "ftp:// is not a way to reach a broker"),
        (
            &["demo", "--broker", "localhost"],
            "mqtt:// or mqtts:// (MQTT), or with amqp:// or amqps://",
        ),
        (&["bench", "rounds", "--broker", "amqp://"], "names no host"),
        (&["peer", "--dialect", "latin"], "cs60, aviary, open, assembly]"),
        (&["peer", "--room", "class/"], "a slash comes after it by itself"),
        (&["peer", "--room", ""], "a room has a name"),
        (&["peer", "--room", "class7 "], "' ' cannot be seen there"),
        (&["peer", "--name", ""], "a name has at least one character"),
        (&["peer", "--name", " ann"], "a name has no space at its ends"),
        (&["peer", "--manual", "--observe"], "'--manual' cannot be used with '--observe'"),
        (&["broker", "--listen", "here"], "\"here\" is not where to listen"),
        (&["tracker", "--listen", "localhost"], "write it as in 127.0.0.1:8999"),
        (&["stratum", "--share-difficulty", "7"], "no number of bits from 8 to 112"),
        (&["stratum", "--workers-max", "0"], "0 is not in 1..=65535"),
        (&["table"], "<--data <DIR>|--api <URL>>"),
        (&["top"], "<--data <DIR>|--api <URL>>"),
        (&["mine", "decimal"], "--bits <N>"),
        (&["mine", "decimal", "--bits", "161"], "161 is not in 1..=160"),
        (&["mine", "sha256", "--prefix", "a"], "--leading <N>|--trailing <N>"),
        (&["mine", "sha256", "--leading", "1", "--trailing", "1"], "cannot be used with"),
        (&["mine", "header", "00"], "2 characters instead of 152 hexadecimal digits"),
        (&["mine", "text", "--bits", "1", "--kernel", "abacus"], "there is no kernel \"abacus\""),
        (&["mine", "text", "--bits", "1", "--nice", "20"], "20 is not in 0..=19"),
        (&["bench", "pow", "--turns", "0"], "number would be zero"),
        (
            &["table", "--data", "here", "--format", "xml"],
            "[possible values: text, json, csv, published-csv]",
        ),
    ] {
        let said = misuse(arguments);
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
        assert!(said.contains(complaint), "{arguments:?}: {said}");
        assert!(said.contains("try '--help'"), "{arguments:?}: {said}");
    }
}

/// Returns what a search of one puzzle prints.
fn mined(arguments: &[&str]) -> String {
    let output = althing(&["mine"]).args(arguments).output().expect("it has just been built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn the_solutions_of_the_published_programs_are_found() {
    let header = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd\
        7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d";
    for (arguments, nonce, digest) in [
        (&["integer", "--bits", "40", "--start", "60000000"][..], "60904617", "0000000000"),
        (&["decimal", "--bits", "10"], "351", "00"),
        (&["text", "--bits", "20"], "bg*0", "00000baee6995df9c5379d4da3f7930667ea83cf"),
        (&["sha256", "--prefix", "a", "--suffix", "b", "--leading", "3"], "", "000"),
        (
            &["header", header, "--start", "2083000000"],
            "2083236893",
            "6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000",
        ),
    ] {
        let said = mined(arguments);
        assert!(said.starts_with(&format!("nonce   {nonce}")), "{arguments:?}: {said}");
        assert!(said.contains(&format!("\ndigest  {digest}")), "{arguments:?}: {said}");
    }
}

#[test]
fn a_search_tells_scripts_what_it_found() {
    let said = mined(&["decimal", "--bits", "16", "--json", "--kernel", "single", "--nice", "1"]);
    let last = said.lines().last().expect("a solution");
    let event: serde_json::Value = serde_json::from_str(last).expect("a line is JSON");
    assert_eq!(event["event"], "solution_found");
    assert_eq!(event["nonce"], "16055");
    assert_eq!(event["number"], 16055);
    assert_eq!(event["kernel"], "single");
    assert!(event["hashes"].as_u64() >= Some(16056), "{event}");
}

#[test]
fn a_range_without_a_solution_is_an_error() {
    let said = failure(&["mine", "decimal", "--bits", "26", "--end", "1000000"]);
    assert_eq!(said, "error: no candidate from number 0 to below 1000000 is a solution.\n");
    let said = failure(&["mine", "decimal", "--bits", "26", "--start", "7", "--end", "7"]);
    assert_eq!(said, "error: there is no candidate from number 7 to below 7.\n");
    let said = failure(&["mine", "header", &"00".repeat(76)]);
    assert_eq!(said, "error: the header's limit is zero.\n");
}

#[test]
fn each_kernel_is_measured_on_each_puzzle() {
    let arguments = ["bench", "pow", "--turns", "1", "--kernel", "single", "--json"];
    let output = althing(&arguments).output().expect("it has just been built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("a text");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let (speedup, rows) = lines.split_last().expect("there are rows");
    assert_eq!(rows.len(), 7);
    for row in rows {
        assert_eq!(row["kernel"], "single");
        assert!(row["cycles_per_hash"].as_f64() > Some(0.0), "{row}");
    }
    assert!(speedup["times_one_thread"].as_f64() > Some(0.0), "{speedup}");
    // What a peer would use here, found as at its start.
    assert!(speedup["processor"].as_str().is_some_and(|name| !name.is_empty()), "{speedup}");
    let chosen = &speedup["chosen"];
    assert!(chosen["milliseconds"].as_f64() > Some(0.0), "{speedup}");
    for hash in ["sha1", "sha256", "double_sha256"] {
        assert!(chosen[hash].as_str().is_some_and(|kernel| !kernel.is_empty()), "{speedup}");
    }
}

#[test]
fn the_help_of_a_demo_and_of_one_that_watches_is_about_their_network() {
    for (arguments, has, lacks) in [
        (
            &["demo", "--dialect", "cs60"][..],
            &["--peers", "--pace"][..],
            &["--signatures", "--broker"][..],
        ),
        (&["demo", "--dialect", "sd"], &["--signatures", "--broker", "--name"], &[]),
        (
            &["watch", "--dialect", "cs60"],
            &["--tracker", "--for"],
            &["--contact", "--qos", "--room"],
        ),
        (&["watch", "--profile", "sheet"], &["--room", "--qos"], &["--contact", "--tracker"]),
    ] {
        let help = help(arguments);
        let (help, _) = help.split_once("\nExamples:").unwrap_or((&help, ""));
        let shows = |option: &str| help.lines().any(|line| line.trim().starts_with(option));
        assert!(has.iter().all(|option| shows(option)), "{arguments:?}: {help}");
        assert!(!lacks.iter().any(|option| shows(option)), "{arguments:?}: {help}");
    }
}

#[test]
fn the_help_for_a_dialect_shows_only_what_that_network_has() {
    let shown = |arguments: &[&str]| {
        let output = althing(arguments).output().expect("it has just been built");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("a text")
    };
    let all = [
        "--leader-timeout",
        "--observe",
        "--manual",
        "--signatures",
        "--name",
        "--id",
        "--contact",
        "--tracker",
        "--kick-after",
        "--ban-for",
        "--genesis",
        "--entries",
        "--founded",
        "--mine",
        "--broker",
    ];
    let peer = ["peer", "--help"];
    for (network, has) in [
        (
            &["--dialect", "elect-chain"][..],
            &["--leader-timeout", "--observe", "--signatures", "--name", "--broker"][..],
        ),
        (
            &["--dialect", "sd"],
            &["--leader-timeout", "--observe", "--manual", "--signatures", "--name", "--broker"],
        ),
        (
            &["--dialect", "sd", "--variant", "published"],
            &["--leader-timeout", "--observe", "--manual", "--broker"],
        ),
        (
            &["--profile", "copy-a"],
            &["--leader-timeout", "--observe", "--manual", "--id", "--broker"],
        ),
        (&["--dialect", "cs60"], &["--name", "--tracker", "--entries"]),
        (
            &["--profile", "aviary-2022"],
            &["--name", "--contact", "--kick-after", "--genesis", "--mine"],
        ),
        (
            &["--dialect=open"],
            &[
                "--name",
                "--contact",
                "--tracker",
                "--kick-after",
                "--ban-for",
                "--founded",
                "--mine",
                "--broker",
            ],
        ),
    ] {
        let help = shown(&[&peer[..], network].concat());
        let (help, examples) = help.split_once("\nExamples:").unwrap_or((&help, ""));
        for option in all {
            let is_shown =
                help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n"));
            assert_eq!(is_shown, has.contains(&option), "{option} of {network:?}: {help}");
        }
        assert!(help.contains("--dialect <DIALECT>") && help.contains("--data <DIR>"), "{help}");
        let others = examples.lines().filter(|line| match network {
            ["--dialect", name] => *name != "elect-chain" && !line.contains(*name),
            _ => false,
        });
        assert_eq!(others.filter(|line| !line.is_empty()).count(), 0, "{examples}");
    }
    let help = shown(&["cs60-vote", "--help"]);
    assert!(!help.contains("--contact") && help.contains("--tracker localhost"), "{help}");
    let help = shown(&["sim", "--dialect=cs60", "--help"]);
    assert!(help.contains("--miners") && help.contains("--peers") && !help.contains("--room"));
    let help = shown(&["sim", "--dialect=assembly", "--help"]);
    assert!(help.contains("--entry-every") && help.contains("withholds-blocks"), "{help}");
    assert!(!help.contains("--miners") && !help.contains("--clone"), "{help}");
}

#[test]
fn options_that_do_not_fit_together_are_explained() {
    for (arguments, complaint) in [
        (&["peer", "--manual"][..], "error: --manual is an option of sd only; add --dialect sd"),
        (&["peer", "--id-field", "id"], "error: --id-field is an option of sd only"),
        (&["demo", "--challenge", "12"], "error: --challenge is an option of networks with rounds"),
        (&["demo", "--peers", "3"], "error: a demo of an assembly has 4 to 128 --members"),
        (&["demo", "--byzantine", "2"], "error: of 4 members at most 1 may lie; give at least 7"),
        (
            &["demo", "--byzantine", "4", "--over-the-limit"],
            "error: --byzantine 4 leaves no honest one of 4 members",
        ),
        (
            &["demo", "--byzantine", "1", "--byzantine-role", "nice"],
            "error: invalid value 'nice' for '--byzantine-role <ROLE>': they are silent,",
        ),
        (&["demo", "--crash", "ann@5s"], "error: --crash ann@5s: no member is called \"ann\""),
        (
            &["demo", "--crash", "leader"],
            "error: invalid value 'leader' for '--crash <MEMBER@TIME>': write who and when",
        ),
        (&["demo", "--dialect", "sd", "--crash", "1@1s"], "error: --crash is an option of assem"),
        (&["sim", "--dialect", "ppd", "--election-topic", "x"], "error: --election-topic is an"),
        (&["bench", "rounds", "--dialect", "ppd", "--signatures", "none"], "error: in ppd all"),
        (
            &["peer", "--dialect", "ppd", "--qos", "1"],
            "error: --qos is a choice of MQTT, and amqp://localhost:5672 is a broker of AMQP",
        ),
        (
            &["peer", "--name", "ann", "--variant", "published"],
            "error: published programs know no names of peers; leave --name out",
        ),
        (
            &["profile", "detect", "--broker", "mqtt://localhost", "--contact", "localhost:8999"],
            "error: programs are heard at a broker or asked over UDP; leave --broker out",
        ),
        (&["demo", "--name", "ann", "--profile", "sheet"], "error: published programs know no"),
        (&["demo", "--name", "ann", "--dialect", "aviary"], "error: peers of aviary are numbered"),
        (&["bench", "assembly", "--over", "given"], "error: which broker? Name one with --broker"),
        (&["sim", "--dialect", "assembly", "--miners", "2"], "error: --miners is an option of"),
        (&["sim", "--dialect", "assembly", "--clone", "1@5s"], "error: copied and old disks are"),
        (&["sim", "--dialect", "assembly", "--peers", "129"], "error: 129 members are more than"),
        (
            &["sim", "--dialect=assembly", "--peers=3", "--byzantine", "0=silent"],
            "error: of 3 members at most 0 may be dishonest, not 1",
        ),
    ] {
        let said = misuse(arguments);
        assert!(said.starts_with(complaint), "{arguments:?}: {said}");
    }
}

#[test]
fn a_password_is_not_shown_when_the_address_around_it_is_wrong() {
    let mut command = althing(&["peer"]);
    command.env("ALTHING_BROKER", "mqtt://ann:secret@localhost:port");
    let output = command.output().expect("it has just been built");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_file_where_the_data_should_be_is_an_error_and_left_alone() {
    let home = tempfile::TempDir::new().expect("there is room for files");
    let file = home.path().join("file");
    std::fs::write(&file, "mine").expect("there is room for files");
    let data = text(&file);
    for command in ["peer", "table"] {
        let said = failure(&[command, "--data", &data]);
        assert!(said.starts_with("error: ") && said.contains(&data), "{said}");
    }
    let kept = std::fs::read_to_string(&file).expect("it is still there");
    assert_eq!(kept, "mine");

    let foreign = home.path().join("foreign");
    std::fs::create_dir(&foreign).expect("there is room for files");
    std::fs::write(foreign.join("althing.redb"), "mine").expect("there is room for files");
    let said = failure(&["table", "--data", &text(&foreign)]);
    assert!(said.contains("was not made by althing"), "{said}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    // As in `althing demo --json | head -1`: there is much more to tell than a pipe holds.
    let mut demo = std::process::Command::new(assert_cmd::cargo::cargo_bin!("althing"))
        .args(["demo", "--json", "--rounds", "500"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it has just been built");
    drop(demo.stdout.take());
    let output = demo.wait_with_output().expect("it is our child");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_simulator_runs_every_network() {
    for dialect in ["elect-chain", "sd", "ppd"] {
        let sim = ["sim", "--json", "--dialect", dialect, "--peers", "3", "--challenge", "1..4"];
        let output = althing(&sim).output().expect("it has just been built");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(summary["rounds"].as_u64() > Some(10), "{dialect}: {summary}");
    }
    for dialect in ["aviary", "cs60", "open"] {
        let faults = ["--time", "10m", "--loss", "0.1", "--crash", "leader@2m..3m", "--json"];
        let sim = ["sim", "--dialect", dialect, "--peers", "5", "--partition", "4m..5m"];
        let output = althing(&sim).args(faults).output().expect("it has just been built");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(summary["blocks"].as_u64() > Some(5), "{dialect}: {summary}");
    }
    let faults = ["--byzantine", "6=votes-twice", "--crash", "leader@20s..30s", "--loss", "0.1"];
    let sim = ["sim", "--dialect", "assembly", "--peers", "7", "--partition", "40s..45s=0,1"];
    let output = althing(&sim).args(faults).arg("--json").output().expect("it is built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(summary["blocks"].as_u64() > Some(20), "{summary}");
}

#[test]
fn the_bench_measures_over_memory_and_over_the_broker_of_ours() {
    let rounds = ["bench", "rounds", "--rounds", "20", "--challenge", "1", "--peers", "3"];
    let output = althing(&rounds).arg("--json").output().expect("it has just been built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("a text");
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let over: Vec<_> = lines.iter().map(|line| line["over"].as_str()).collect();
    assert_eq!(over, [Some("memory"), Some("embedded broker")]);
    for line in &lines {
        assert_eq!(line["rounds"], 20, "{line}");
        for field in ["rounds_per_second", "solved_p50_ms", "p50_ms", "p99_ms", "leader_ms"] {
            assert!(line[field].as_f64().is_some_and(|number| number > 0.0), "{field}: {line}");
        }
    }
    let output = althing(&rounds).output().expect("it has just been built");
    let table = String::from_utf8(output.stdout).expect("a text");
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn the_bench_of_assemblies_measures_blocks_latencies_and_the_death_of_a_leader() {
    let measures = ["--measure", "blocks", "--measure", "latency", "--measure", "leader"];
    let assembly = ["bench", "assembly", "--time", "1s", "--kills", "1", "--over", "memory"];
    let output = althing(&assembly).args(measures).arg("--json").output().expect("it is built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("a text");
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let figure = |line: usize, name: &str| lines[line][name].as_f64().unwrap_or_default();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(figure(0, "blocks_per_second") > 0.0, "{lines:?}");
    assert!(figure(1, "commit_p50_ms") > 0.0, "{lines:?}");
    assert!(figure(2, "next_block_p50_ms") > 0.0 && figure(2, "named_p50_ms") > 0.0, "{lines:?}");
}

fn text(path: &Path) -> String {
    path.to_str().expect("our own names").to_owned()
}
