//! The dashboard of a demo: at a terminal it is there unless it is not wanted, and elsewhere only
//! if it is asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use althing_testkit::eventually_blocking;

use crate::harness::Althing;

/// Runs a demo at a terminal until its screen shows a text, quits it, and returns what was found.
fn at_terminal(text: &str, options: &[&str], path: Option<&Path>) -> String {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/programs/at_terminal.py");
    let mut command = Command::new("python3");
    command.args([program, text, env!("CARGO_BIN_EXE_althing"), "demo", "--peers", "4"]);
    command.args(options);
    if let Some(path) = path {
        let usual = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{usual}", path.display()));
    }
    let output = command.output().expect("python3 is there; `cargo xtask test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text").trim().to_owned()
}

/// A URL is whole when something else comes after it.
const PAGE: &str = r"http://127\.0\.0\.1:[0-9]+(?=[^0-9])";

#[test]
fn at_a_terminal_the_screen_shows_where_the_dashboard_is() {
    for options in [&[][..], &["--dialect", "elect-chain"], &["--dialect", "aviary"]] {
        let url = at_terminal(PAGE, options, None);
        assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"), "{url}");
    }
    let broker = at_terminal(r"mqtt://127\.0\.0\.1:[0-9]+(?=[^0-9])", &["--no-http"], None);
    assert!(broker.starts_with("mqtt://"), "{broker}");
}

#[test]
fn the_dashboard_is_opened_in_the_browser_of_the_user() {
    let dir = tempfile::tempdir().expect("there is room");
    let browser = dir.path().join("xdg-open");
    let opened = dir.path().join("opened");
    let script =
        format!("#!/bin/sh\necho \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n", opened.display());
    fs::write(&browser, script).expect("there is room");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let shown = at_terminal(PAGE, &["--open"], Some(dir.path()));
    let told = eventually_blocking("the browser", || fs::read_to_string(&opened).ok());
    assert_eq!(told.trim(), shown);
}

#[test]
fn what_a_script_reads_has_no_dashboard_in_it_unless_it_is_asked_for() {
    for (options, is_served) in [(&[][..], false), (&["--http", "127.0.0.1:0"], true)] {
        let arguments = ["demo", "--peers", "4", "--rounds", "2", "--json"];
        let mut demo = Althing::start("demo", arguments.iter().chain(options));
        demo.ends_well();
        let mut lines = demo.lines().into_iter();
        assert_eq!(lines.any(|line| line.is("serving")), is_served);
    }
}
