//! A real Mosquitto, on a port of its own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::free_port;
use crate::server::{self, StartError};

/// Time for Mosquitto to accept connections.
const START_TIME: Duration = Duration::from_secs(20);

/// The configuration of a Mosquitto. The default is that of a distribution, open to all clients.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether it sends small messages at once (`set_tcp_nodelay true`).
    pub nodelay: bool,
    /// User names and passwords; if there are any, no other client is accepted.
    pub users: Vec<(String, String)>,
    /// Whether it uses TLS, for the names `localhost` and `127.0.0.1`; see
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

impl Mosquitto {
    /// Starts one on a free port, and returns when it accepts connections.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let program = server::find("mosquitto")?;
        let directory = TempDir::with_prefix("althing-mosquitto-")?;
        if settings.tls {
            server::write_certificates(directory.path())?;
        }
        write_users(directory.path(), &settings.users)?;
        let mut mosquitto = Self { program, directory, settings, port: 0, process: None };
        server::try_ports(|| {
            mosquitto.port = free_port()?;
            mosquitto.start_again()
        })?;
        Ok(mosquitto)
    }

    /// Returns the port it listens at, on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its address in the form that a peer takes, without user and password.
    pub fn url(&self) -> String {
        let scheme = if self.settings.tls { "mqtts" } else { "mqtt" };
        format!("{scheme}://localhost:{}", self.port)
    }

    /// Returns the file with the certificate of its authority, if it uses TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Kills it, as a power cut would. Its port stays its own, for [`Mosquitto::start_again`].
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            server::kill(&mut process);
        }
    }

    /// Starts it again on the same port, without any of its previous state.
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

    /// Makes it read its access list again.
    pub fn reload(&self) -> Result<(), StartError> {
        self.signal("-HUP")
    }

    /// Pauses it: connections stay open, but nothing is answered.
    pub fn freeze(&self) -> Result<(), StartError> {
        self.signal("-STOP")
    }

    /// Resumes it after [`Mosquitto::freeze`].
    pub fn thaw(&self) -> Result<(), StartError> {
        self.signal("-CONT")
    }

    fn config(&self) -> String {
        let path = self.directory.path().display();
        let Settings { nodelay, users, tls, lines } = &self.settings;
        // When root starts it, it drops its privileges and then cannot read its own files.
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
        let log = self.directory.path().join("log");
        let Some(process) = &mut self.process else { return Ok(()) };
        let ready = server::wait_until_ready(process, &[self.port], START_TIME, &log);
        if ready.is_err() {
            self.stop();
        }
        ready
    }

    fn signal(&self, signal: &str) -> Result<(), StartError> {
        match &self.process {
            Some(process) => server::signal(process, signal),
            None => Ok(()),
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.stop();
    }
}

fn write_users(directory: &Path, users: &[(String, String)]) -> Result<(), StartError> {
    if users.is_empty() {
        return Ok(());
    }
    let (program, file) = (server::find("mosquitto_passwd")?, directory.join("users"));
    fs::write(&file, "")?;
    for (user, password) in users {
        Command::new(&program).arg("-b").arg(&file).args([user, password]).status()?;
    }
    Ok(())
}
