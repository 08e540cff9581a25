//! Programs that the tests use and cargo does not install: which, and how to get them.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{root, shell};

/// One program that the tests need. Another broker or browser is one more row.
pub(crate) struct Need {
    /// What it is, for the messages.
    what: &'static str,
    /// How to detect it.
    seen: Seen,
    /// Where to get it.
    from: Source,
}

enum Seen {
    /// A program of this name can be found.
    Program(&'static str),
    /// Cargo has this subcommand.
    Subcommand(&'static str),
    /// The compiler has the library for this target.
    Target(&'static str),
    /// Python has this module.
    Module(&'static str),
    /// This package of Python, with its version, is where the tests look for it.
    Package(&'static str),
}

enum Source {
    /// A package of Debian and its derivatives.
    Debian(&'static str),
    /// A program from crates.io, with its version.
    Crate(&'static str),
    /// Rust's library for this target, from the source of the compiler.
    Rustup(&'static str),
    /// A package from PyPI, with its version, for the tests alone.
    PyPi(&'static str),
}

/// The programs that every test run needs.
const NEEDED: &[Need] = &[
    Need {
        what: "Mosquitto, the broker that strangers use",
        seen: Seen::Program("mosquitto"),
        from: Source::Debian("mosquitto"),
    },
    Need {
        what: "Mosquitto's clients, the strangers",
        seen: Seen::Program("mosquitto_pub"),
        from: Source::Debian("mosquitto-clients"),
    },
    Need {
        what: "RabbitMQ, the broker of the AMQP networks",
        seen: Seen::Program("rabbitmq-server"),
        from: Source::Debian("rabbitmq-server"),
    },
    Need {
        what: "jq, which an example of docs/events.md uses",
        seen: Seen::Program("jq"),
        from: Source::Debian("jq"),
    },
    Need {
        what: "Chromium, in which the dashboard is tried",
        seen: Seen::Program("chromium"),
        from: Source::Debian("chromium"),
    },
    PYTHON,
    Need {
        what: "pip, which gets packages of Python",
        seen: Seen::Module("pip"),
        from: Source::Debian("python3-pip"),
    },
    Need {
        what: "pika, with which published programs speak AMQP",
        seen: Seen::Package("pika-1.4.4"),
        from: Source::PyPi("pika==1.4.4"),
    },
    Need {
        what: "pycryptodome, with which published programs sign",
        seen: Seen::Package("pycryptodome-4.4.0"),
        from: Source::PyPi("pycryptodome==4.4.0"),
    },
];

/// Where packages of Python are installed, seen from the workspace's root: no other program on this
/// machine has them from us. The tests of `cli` name it as well.
const PACKAGES: &str = "target/python";

/// The language of the published programs.
pub(crate) const PYTHON: Need = Need {
    what: "Python, in which the published programs are written",
    seen: Seen::Program("python3"),
    from: Source::Debian("python3"),
};

/// How crates are built that are installed: they run for seconds, and to make them as fast as they
/// can be takes a new machine minutes.
const QUICKLY_BUILT: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

/// Runs tests in parallel, with time limits; plain `cargo test` is the fallback.
pub(crate) const NEXTEST: Need = Need {
    what: "cargo-nextest",
    seen: Seen::Subcommand("nextest"),
    from: Source::Crate("cargo-nextest@0.9.143"),
};

/// Checks licences and sources of dependencies.
pub(crate) const CARGO_DENY: Need = Need {
    what: "cargo-deny",
    seen: Seen::Subcommand("deny"),
    from: Source::Crate("cargo-deny@0.20.2"),
};

/// Builds fuzz targets, and runs them.
pub(crate) const CARGO_FUZZ: Need = Need {
    what: "cargo-fuzz",
    seen: Seen::Subcommand("fuzz"),
    from: Source::Crate("cargo-fuzz@0.13.2"),
};

/// Runs programs that are for other processors.
pub(crate) const QEMU: Need =
    Need { what: "QEMU", seen: Seen::Program("qemu-x86_64"), from: Source::Debian("qemu-user") };

/// ARM with Linux. With musl, Rust's library contains everything that a program is linked to; no
/// other C library or linker has to be installed.
pub(crate) const AARCH64: &str = "aarch64-unknown-linux-musl";

/// Without it nothing can be built for ARM.
pub(crate) const AARCH64_LIBRARY: Need = Need {
    what: "Rust's library for aarch64",
    seen: Seen::Target(AARCH64),
    from: Source::Rustup(AARCH64),
};

/// Installs Debian packages without starting the services in them, now or at the next boot: a
/// broker that Debian starts would take a port that another program may use, and outlive the tests.
///
/// Debian asks `policy-rc.d` before it starts a service, and exit code 101 means no. If such a
/// policy exists, as in most containers, it stays. Otherwise ours replaces it until the shell ends,
/// however it ends, so that an interrupt does not leave it behind.
const INSTALL_DEBIAN: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
aside=$policy.set-aside-by-xtask
answer=0
if [ -x "$policy" ]; then "$policy" "$1" start || answer=$?; fi
if [ "$answer" -ne 101 ]; then
    undo() {
        rm -f "$policy"
        if [ -e "$aside" ]; then mv "$aside" "$policy"; fi
    }
    trap undo EXIT
    trap 'exit 130' INT TERM HUP
    if [ -e "$policy" ]; then mv "$policy" "$aside"; fi
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update || echo 'apt-get update failed: trying with the lists that are here.'
apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
if command -v systemctl >/dev/null; then
    # RabbitMQ brings Erlang, and Erlang its port mapper.
    for service in "$@" epmd; do
        for unit in "$service.service" "$service.socket"; do
            systemctl disable "$unit" >/dev/null 2>&1 || true
        done
    done
fi
"#;

/// Installs the missing programs of [`NEEDED`].
pub(crate) fn install_needed() -> Result<()> {
    let (mut debian, mut others) = (Vec::new(), Vec::new());
    for need in NEEDED {
        if need.is_there() {
            println!("{}: there.", need.what);
            continue;
        }
        println!("{}: missing.", need.what);
        match need.from {
            Source::Debian(package) => debian.push(package),
            Source::Crate(_) | Source::Rustup(_) | Source::PyPi(_) => others.push(need),
        }
    }
    if !debian.is_empty() {
        install_debian(&debian)?;
    }
    // After Debian's, which some of them are installed with.
    others.into_iter().try_for_each(Need::install)?;
    match NEEDED.iter().find(|need| !need.is_there()) {
        Some(need) => bail!("{} was installed and still cannot be found in PATH", need.what),
        None => Ok(()),
    }
}

impl Need {
    /// Installs it, unless it is present.
    pub(crate) fn ensure(&self) -> Result<()> {
        if self.is_there() { Ok(()) } else { self.install() }
    }

    fn is_there(&self) -> bool {
        match self.seen {
            Seen::Program(name) => shell::find(name).is_some(),
            Seen::Subcommand(name) => shell::succeeds(&mut shell::cargo([name, "--version"])),
            Seen::Target(name) => {
                let mut rustc = shell::command("rustc");
                rustc.args(["--print", "target-libdir", "--target", name]);
                shell::output(&mut rustc).is_ok_and(|path| Path::new(path.trim()).is_dir())
            }
            Seen::Module(name) => {
                let mut python = shell::command("python3");
                shell::succeeds(python.args(["-c", &format!("import {name}")]))
            }
            Seen::Package(name) => {
                root::root().join(PACKAGES).join(format!("{name}.dist-info")).is_dir()
            }
        }
    }

    fn install(&self) -> Result<()> {
        match self.from {
            Source::Debian(package) => install_debian(&[package]),
            Source::Crate(package) => {
                let command = ["install", "--locked", package];
                let mut install = shell::cargo(command);
                install.envs(QUICKLY_BUILT);
                shell::run(&mut install).with_context(|| {
                    format!(
                        "{} is missing and could not be installed; check that crates.io can be \
                         reached, or install it by hand (`cargo {}`)",
                        self.what,
                        command.join(" ")
                    )
                })
            }
            Source::PyPi(package) => {
                let mut pip = shell::command("python3");
                pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
                pip.args(["--upgrade", "--target", PACKAGES, package]);
                shell::run(&mut pip).with_context(|| {
                    format!(
                        "{} is missing and could not be installed; check that PyPI can be reached",
                        self.what
                    )
                })
            }
            Source::Rustup(target) => {
                let mut rustup = shell::command("rustup");
                shell::run(rustup.args(["target", "add", target]))
                    .with_context(|| format!("{} is missing and could not be installed", self.what))
            }
        }
    }
}

fn install_debian(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if shell::find("apt-get").is_none() {
        bail!(
            "{names} cannot be installed, since this machine has no apt-get; install the same from \
             where this system has it, and run this again"
        );
    }
    let is_root = shell::output(shell::command("id").arg("-u"))?.trim() == "0";
    let mut install = match (is_root, shell::find("sudo")) {
        (true, _) => shell::command("sh"),
        (false, Some(_)) => {
            let mut sudo = shell::command("sudo");
            sudo.arg("sh");
            sudo
        }
        (false, None) => bail!(
            "{names} cannot be installed, since we are not root and there is no sudo; let root run \
             `apt-get install {names}`, and run this again"
        ),
    };
    println!("Installing {names} with apt-get; its services are not started.");
    install.args(["-c", INSTALL_DEBIAN, "install-debian"]).args(packages);
    let status = install.status().context("cannot start a shell")?;
    if !status.success() {
        bail!(
            "apt-get could not install {names} ({status}); its messages above say why, often that \
             no mirror can be reached; let `apt-get install {names}` succeed, and run this again"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_registries_are_pinned() {
        for need in NEEDED.iter().chain([&NEXTEST, &CARGO_DENY, &CARGO_FUZZ]) {
            match need.from {
                Source::Crate(package) => assert!(package.contains('@'), "{package}"),
                Source::PyPi(package) => assert!(package.contains("=="), "{package}"),
                Source::Debian(_) | Source::Rustup(_) => {}
            }
        }
    }
}
