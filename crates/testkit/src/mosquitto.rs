use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::free_port;

/// Time for Mosquitto to accept connections.
const START_TIME: Duration = Duration::from_secs(20);

/// How often another port is tried, should somebody take the one that was free a moment ago.
const PORTS_MAX: usize = 5;

/// Where Mosquitto is on systems that do not have it on the path of everybody.
const USUAL_PLACES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];

/// How a Mosquitto is configured. The default is as a distribution ships it, open to everybody.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether it sends small messages at once (`set_tcp_nodelay true`).
    pub nodelay: bool,
    /// Names and passwords; with any of them, nobody else is let in.
    pub users: Vec<(String, String)>,
    /// Whether it speaks TLS, for the names `localhost` and `127.0.0.1`; see
    /// [`Mosquitto::ca_file`].
    pub tls: bool,
    /// Further lines of the configuration file.
    pub lines: Vec<String>,
}

/// A running Mosquitto; killed when dropped.
#[derive(Debug)]
pub struct Mosquitto {
    program: PathBuf,
    directory: TempDir,
    settings: Settings,
    port: u16,
    process: Option<Child>,
}

/// Why Mosquitto does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It is not installed.
    #[error(
        "this test needs {program}, which is not installed; \
         run `cargo xtask test`, which installs it"
    )]
    Missing {
        /// The program that was looked for.
        program: &'static str,
    },
    /// It did not accept connections.
    #[error("mosquitto did not start; its log:\n{log}")]
    Failed {
        /// What it wrote.
        log: String,
    },
    /// Its files could not be written, or a program not be started.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No certificates could be made for it.
    #[error(transparent)]
    Certificates(#[from] rcgen::Error),
}

impl Mosquitto {
    /// Starts one on a free port, and returns when it accepts connections.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let program = find("mosquitto")?;
        let directory = TempDir::with_prefix("althing-mosquitto-")?;
        if settings.tls {
            write_certificates(directory.path())?;
        }
        write_users(directory.path(), &settings.users)?;
        let mut mosquitto = Self { program, directory, settings, port: 0, process: None };
        let mut outcome = Ok(());
        for _ in 0..PORTS_MAX {
            mosquitto.port = free_port()?;
            outcome = mosquitto.start_again();
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| mosquitto)
    }

    /// Returns the port it listens at, on the loopback device.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its address as a peer is given it, without user and password.
    pub fn url(&self) -> String {
        let scheme = if self.settings.tls { "mqtts" } else { "mqtt" };
        format!("{scheme}://localhost:{}", self.port)
    }

    /// Returns the file with the certificate that vouches for it, if it speaks TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Kills it, as a power cut would. Its port stays its own, for [`Mosquitto::start_again`].
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Both fail only if it ended by itself, which is as good.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again on the same port, without any memory of what was before.
    pub fn start_again(&mut self) -> Result<(), StartError> {
        self.stop();
        let path = self.directory.path();
        let config = path.join("mosquitto.conf");
        fs::write(&config, self.config())?;
        let log = fs::File::create(path.join("log"))?;
        let child = Command::new(&self.program)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.process = Some(child);
        self.wait_until_ready()
    }

    /// Stops it in mid-thought: connections stand, but nothing is answered.
    pub fn freeze(&self) -> Result<(), StartError> {
        self.signal("-STOP")
    }

    /// Lets it go on after [`Mosquitto::freeze`].
    pub fn thaw(&self) -> Result<(), StartError> {
        self.signal("-CONT")
    }

    fn config(&self) -> String {
        let path = self.directory.path().display();
        let Settings { nodelay, users, tls, lines } = &self.settings;
        // Started by root, it would give up its rights and could not read its own files.
        let mut config = format!("user root\nlistener {} 127.0.0.1\n", self.port);
        if *tls {
            let _ = writeln!(config, "certfile {path}/server.pem\nkeyfile {path}/server.key");
        }
        match users.is_empty() {
            true => config.push_str("allow_anonymous true\n"),
            false => {
                let _ = writeln!(config, "allow_anonymous false\npassword_file {path}/users");
            }
        }
        if *nodelay {
            config.push_str("set_tcp_nodelay true\n");
        }
        for line in lines {
            let _ = writeln!(config, "{line}");
        }
        config
    }

    fn wait_until_ready(&mut self) -> Result<(), StartError> {
        let deadline = Instant::now() + START_TIME;
        while Instant::now() < deadline {
            let Some(process) = &mut self.process else { break };
            if process.try_wait()?.is_some() {
                break;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.stop();
        let log = fs::read_to_string(self.directory.path().join("log"))?;
        Err(StartError::Failed { log })
    }

    fn signal(&self, signal: &str) -> Result<(), StartError> {
        if let Some(process) = &self.process {
            Command::new("kill").arg(signal).arg(process.id().to_string()).status()?;
        }
        Ok(())
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn find(program: &'static str) -> Result<PathBuf, StartError> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(USUAL_PLACES.map(PathBuf::from))
        .map(|place| place.join(program))
        .find(|file| file.is_file())
        .ok_or(StartError::Missing { program })
}

fn write_users(directory: &Path, users: &[(String, String)]) -> Result<(), StartError> {
    if users.is_empty() {
        return Ok(());
    }
    let (program, file) = (find("mosquitto_passwd")?, directory.join("users"));
    fs::write(&file, "")?;
    for (user, password) in users {
        Command::new(&program).arg("-b").arg(&file).args([user, password]).status()?;
    }
    Ok(())
}

fn write_certificates(directory: &Path) -> Result<(), StartError> {
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    fs::write(directory.join("ca.pem"), authority.pem())?;
    fs::write(directory.join("server.pem"), certificate.pem())?;
    fs::write(directory.join("server.key"), key.serialize_pem())?;
    Ok(())
}
