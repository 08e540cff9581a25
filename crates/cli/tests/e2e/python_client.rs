//! The client for Python, by its own tests, with this program.

use std::process::Command;

#[test]
fn the_client_for_python_passes_its_tests() {
    let clients = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/python");
    let tests = Command::new("python3")
        .args(["-B", "-m", "unittest", "discover", "--start-directory", "tests"])
        .current_dir(clients)
        .env("ALTHING", env!("CARGO_BIN_EXE_althing"))
        .output()
        .expect("python3 is there; `cargo xtask test` installs it");
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stderr));
}
