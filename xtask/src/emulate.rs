//! Emulation: the tests of the hash kernels, on processors that this machine does not have.
//!
//! A normal test run covers one processor. It neither runs kernels that this processor does not
//! support, nor shows that they are never used without support. QEMU emulates a processor of our
//! choice, and stops at instructions that the processor does not have: a kernel that runs where it
//! must not fails the tests.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::needs::{self, AARCH64, Need};
use crate::shell;
use crate::steps::{Outcome, Steps};
use crate::workspace::EVERYTHING;

/// A processor that tests are run on.
struct Processor {
    name: &'static str,
    /// The emulator, and its name for the processor.
    emulator: [&'static str; 3],
    /// The kernels that must be detected there, fastest first.
    kernels: &'static str,
}

/// Processors that run programs for x86-64, if this machine builds those.
const X86_64: [Processor; 2] = [
    Processor {
        name: "Nehalem, without AVX2 and SHA instructions",
        emulator: ["qemu-x86_64", "-cpu", "Nehalem"],
        kernels: "single portable",
    },
    Processor {
        name: "Haswell, with AVX2",
        // The removed features matter only to operating systems, and QEMU warns that it lacks them.
        emulator: ["qemu-x86_64", "-cpu", "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid"],
        kernels: "avx2 single portable",
    },
];

/// A processor with NEON and with SHA instructions.
const CORTEX: Processor = Processor {
    name: "Cortex-A72, with NEON and SHA instructions",
    emulator: ["qemu-aarch64", "-cpu", "cortex-a72"],
    kernels: "sha neon single portable",
};

/// Runs the tests on each processor for which there are an emulator and a compiler.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::of("emulate");
    if !ensure(&mut steps, "emulator", &needs::QEMU) {
        return steps.finish();
    }
    if cfg!(target_arch = "x86_64") {
        // Built with the same options as all tests, so that nothing is left to build after those.
        run_on(&mut steps, "build for x86-64", shell::cargo(["test"]).args(EVERYTHING), &X86_64);
    }
    if ensure(&mut steps, "library for aarch64", &needs::AARCH64_LIBRARY) {
        // No other step covers the code that exists only for aarch64.
        steps.run("clippy for aarch64", || {
            shell::run(for_aarch64("clippy").args(["--all-targets", "--", "-D", "warnings"]))
        });
        run_on(&mut steps, "build for aarch64", &mut for_aarch64("test"), &[CORTEX]);
    }
    steps.finish()
}

/// Installs a program unless it is present, and returns whether that succeeded.
fn ensure(steps: &mut Steps, name: &'static str, need: &Need) -> bool {
    let mut is_there = false;
    steps.run_or_skip(name, || {
        Ok(match need.ensure() {
            Ok(()) => {
                is_there = true;
                Outcome::Done
            }
            Err(error) => Outcome::Skipped(format!("with all that needs it: {error:#}")),
        })
    });
    is_there
}

/// Returns a cargo command for `pow` on aarch64. The linker comes with the compiler.
fn for_aarch64(job: &str) -> Command {
    let mut command = shell::cargo([job, "--package=althing-pow", "--target", AARCH64]);
    command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
    command
}

/// Builds tests, and runs those of the kernels on some processors.
fn run_on(
    steps: &mut Steps,
    name: &'static str,
    build: &mut Command,
    processors: &'static [Processor],
) {
    let mut tests = None;
    steps.run(name, || {
        tests = Some(tests_of_pow(build)?);
        Ok(())
    });
    let Some(tests) = tests else { return };
    for processor in processors {
        steps.run(processor.name, || {
            let [emulator, arguments @ ..] = processor.emulator;
            let mut command = shell::command(emulator);
            command.env("ALTHING_KERNELS", processor.kernels).args(arguments).arg(&tests);
            // The test that is ignored elsewhere checks the list of kernels.
            shell::run(command.args(["--include-ignored", "kernel::"]))
        });
    }
}

/// Builds tests, and returns the path of the test program of `pow`.
fn tests_of_pow(build: &mut Command) -> Result<PathBuf> {
    build.args(["--lib", "--no-run", "--message-format=json-render-diagnostics"]);
    let messages = shell::output(build.stderr(Stdio::inherit()))?;
    let program = messages.lines().find_map(program_of_pow);
    program.context("cargo has built no tests of `pow`")
}

/// A message of cargo, with the fields that we read.
#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Returns the program in a message of cargo, if it is one of `pow`.
fn program_of_pow(line: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    (message.target.name == "althing_pow").then_some(message.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_what_cargo_says() {
        let library =
            r#"{"reason":"compiler-artifact","target":{"name":"althing_pow"},"executable":null}"#;
        assert_eq!(program_of_pow(library), None);
        let other = r#"{"target":{"name":"althing_net"},"executable":"/target/net"}"#;
        assert_eq!(program_of_pow(other), None);
        let tests = r#"{"target":{"name":"althing_pow"},"executable":"/target/pow"}"#;
        assert_eq!(program_of_pow(tests), Some(PathBuf::from("/target/pow")));
        assert_eq!(program_of_pow(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
