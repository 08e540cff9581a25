//! Emulation: the tests of the hash kernels, on processors that this machine does not have.
//!
//! A test run sees one processor. A kernel that this one lacks is never run here, and that such a
//! kernel is left alone is never seen. QEMU is a processor of our choice, and stops at instructions
//! which that does not know: a kernel that is run where it must not be ends the tests.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::needs::{self, AARCH64, Need};
use crate::shell;
use crate::steps::{Outcome, Steps};
use crate::test::EVERYTHING;

/// A processor that tests are run on.
struct Processor {
    name: &'static str,
    /// The emulator, and what it calls the processor.
    emulator: [&'static str; 3],
    /// The kernels that must be found there, the fastest first.
    kernels: &'static str,
}

/// Processors that run what is built here, if this is one of their kind.
const X86_64: [Processor; 2] = [
    Processor {
        name: "Nehalem, without AVX2 and SHA instructions",
        emulator: ["qemu-x86_64", "-cpu", "Nehalem"],
        kernels: "single portable",
    },
    Processor {
        name: "Haswell, with AVX2",
        // What is taken away is of use to systems only, and QEMU warns that it does not have it.
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
        // As all tests are built: after those, there is nothing left to build.
        run_on(&mut steps, "build for x86-64", shell::cargo(["test"]).args(EVERYTHING), &X86_64);
    }
    if ensure(&mut steps, "library for aarch64", &needs::AARCH64_LIBRARY) {
        // Nothing else looks at what is there for aarch64 alone.
        steps.run("clippy for aarch64", || {
            shell::run(for_aarch64("clippy").args(["--all-targets", "--", "-D", "warnings"]))
        });
        run_on(&mut steps, "build for aarch64", &mut for_aarch64("test"), &[CORTEX]);
    }
    steps.finish()
}

/// Installs something unless it is there, and returns whether that went well.
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

/// Returns a command of cargo for `pow` on aarch64. Its linker comes with the compiler.
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
            // The test that is ignored elsewhere is the one of the list of kernels.
            shell::run(command.args(["--include-ignored", "kernel::"]))
        });
    }
}

/// Builds tests, and returns the program with those of `pow`.
fn tests_of_pow(build: &mut Command) -> Result<PathBuf> {
    build.args(["--lib", "--no-run", "--message-format=json-render-diagnostics"]);
    let messages = shell::output(build.stderr(Stdio::inherit()))?;
    let program = messages.lines().find_map(program_of_pow);
    program.context("cargo has built no tests of `pow`")
}

/// A line of what cargo says, as far as we read it.
#[derive(Deserialize)]
struct Message {
    target: Target,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Returns the program that a line of cargo's tells of, if it is one of `pow`.
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
