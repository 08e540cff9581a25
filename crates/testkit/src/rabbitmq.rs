//! A real RabbitMQ, with a name, files and ports of its own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::free_port;
use crate::server::{self, StartError};

/// Time for RabbitMQ to accept connections. An idle machine takes about five seconds.
const START_TIME: Duration = Duration::from_secs(60);

/// The script that starts RabbitMQ where Debian keeps it. The one on the path first switches to
/// another user, who cannot read our files.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// One scheduler, which sleeps when it has nothing to do and leaves the machine to the tests.
const ERLANG_ARGUMENTS: &str = "-noinput +S 1:1 +SDcpu 1:1 +SDio 1 +sbwt none +sbwtdcpu none";

/// A running RabbitMQ that is isolated from others on this machine: it has its own name, files,
/// ports and port mapper. Killed, with all of that, when dropped.
///
/// It accepts user `guest` with password `guest`, has one virtual host, `/`, and a separate port
/// for TLS.
#[derive(Debug)]
pub struct RabbitMq {
    program: PathBuf,
    directory: TempDir,
    ports: Ports,
    /// The port mapper (`epmd`) of its Erlang node. RabbitMQ would start one that outlives it.
    port_mapper: Child,
    node: Option<Child>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    amqp: u16,
    amqps: u16,
    erlang: u16,
    port_mapper: u16,
}

impl RabbitMq {
    /// Starts one on free ports, and returns when it accepts connections.
    pub fn start() -> Result<Self, StartError> {
        let debian = PathBuf::from(DEBIAN);
        let program = match debian.is_file() {
            true => debian,
            false => server::find("rabbitmq-server")?,
        };
        server::try_ports(|| {
            let directory = TempDir::with_prefix("althing-rabbitmq-")?;
            server::write_certificates(directory.path())?;
            let ports = Ports::free()?;
            let port_mapper = start_port_mapper(ports.port_mapper)?;
            let program = program.clone();
            let mut rabbitmq = Self { program, directory, ports, port_mapper, node: None };
            rabbitmq.start_again()?;
            Ok(rabbitmq)
        })
    }

    /// Returns the port it listens at, on the loopback interface.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Returns its port for TLS.
    pub fn port_tls(&self) -> u16 {
        self.ports.amqps
    }

    /// Returns its address in the form that a peer takes.
    pub fn url(&self) -> String {
        format!("amqp://localhost:{}", self.ports.amqp)
    }

    /// Returns the file with the certificate of its authority.
    pub fn ca_file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Kills it, as a power cut would. Its ports stay its own, for [`RabbitMq::start_again`].
    pub fn stop(&mut self) {
        if let Some(mut node) = self.node.take() {
            server::kill(&mut node);
        }
    }

    /// Starts it again on the same ports, without any of its previous state.
    pub fn start_again(&mut self) -> Result<(), StartError> {
        self.stop();
        let path = self.directory.path();
        let data = path.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(data.join("home"))?;
        fs::write(path.join("rabbitmq.conf"), self.config())?;
        fs::write(path.join("advanced.config"), "[].\n")?;
        fs::write(path.join("plugins"), "[].\n")?;
        fs::write(path.join("environment"), "")?;
        let log = path.join("log");
        let output = File::create(&log)?;
        let Ports { amqp, amqps, erlang, port_mapper } = self.ports;
        let mut node = Command::new(&self.program)
            // Variables of RabbitMQ or Erlang in our own environment belong to another instance.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", data.join("home"))
            .env("ERL_EPMD_PORT", port_mapper.to_string())
            .env("RABBITMQ_NODENAME", format!("althing-{amqp}@localhost"))
            .env("RABBITMQ_DIST_PORT", erlang.to_string())
            .env("RABBITMQ_MNESIA_BASE", data.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", data.join("log"))
            .env("RABBITMQ_CONF_ENV_FILE", path.join("environment"))
            .env("RABBITMQ_CONFIG_FILE", path.join("rabbitmq.conf"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", path.join("advanced.config"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path.join("plugins"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", ERLANG_ARGUMENTS)
            // Otherwise a shell stays between us and the node, and the node outlives the shell.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let ready = server::wait_until_ready(&mut node, &[amqp, amqps], START_TIME, &log);
        self.node = Some(node);
        if ready.is_err() {
            self.stop();
        }
        ready
    }

    /// Pauses it: connections stay open, but nothing is answered.
    pub fn freeze(&self) -> Result<(), StartError> {
        self.signal("-STOP")
    }

    /// Resumes it after [`RabbitMq::freeze`].
    pub fn thaw(&self) -> Result<(), StartError> {
        self.signal("-CONT")
    }

    fn config(&self) -> String {
        let path = self.directory.path().display();
        let Ports { amqp, amqps, .. } = self.ports;
        format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
             listeners.ssl.1 = 127.0.0.1:{amqps}\n\
             ssl_options.cacertfile = {path}/ca.pem\n\
             ssl_options.certfile = {path}/server.pem\n\
             ssl_options.keyfile = {path}/server.key\n\
             disk_free_limit.absolute = 1MB\n\
             log.file = false\n\
             log.console = true\n"
        )
    }

    fn signal(&self, signal: &str) -> Result<(), StartError> {
        match &self.node {
            Some(node) => server::signal(node, signal),
            None => Ok(()),
        }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.stop();
        server::kill(&mut self.port_mapper);
    }
}

impl Ports {
    fn free() -> Result<Self, StartError> {
        Ok(Self {
            amqp: free_port()?,
            amqps: free_port()?,
            erlang: free_port()?,
            port_mapper: free_port()?,
        })
    }
}

fn start_port_mapper(port: u16) -> Result<Child, StartError> {
    let process = Command::new(server::find("epmd")?)
        .args(["-port", &port.to_string(), "-address", "127.0.0.1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(process)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;
    use crate::eventually_blocking;

    #[test]
    fn it_starts_again_where_it_was_and_leaves_no_process_behind() {
        let mut rabbitmq = RabbitMq::start().unwrap_or_else(|error| panic!("{error}"));
        let port = rabbitmq.port();
        let listens = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        rabbitmq.stop();
        assert!(!listens());
        rabbitmq.start_again().expect("it started before");
        assert!(listens());

        let node = rabbitmq.node.as_ref().expect("it runs").id();
        let mut family = BTreeSet::from([node, rabbitmq.port_mapper.id()]);
        // Parents have smaller ids than their children, unless the ids have wrapped around.
        for (process, parent) in processes() {
            if family.contains(&parent) {
                family.insert(process);
            }
        }
        assert!(family.len() > 2, "the node has helpers: {family:?}");
        drop(rabbitmq);
        assert!(!listens());
        eventually_blocking("all its processes to end", || {
            let alive = processes().into_iter().any(|(process, _)| family.contains(&process));
            (!alive).then_some(())
        });
    }

    /// Returns the ids of all processes and of their parents.
    fn processes() -> Vec<(u32, u32)> {
        let output = Command::new("ps").args(["-eo", "pid=,ppid="]).output().expect("ps runs");
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| {
                let (process, parent) = line.trim().split_once(char::is_whitespace)?;
                Some((process.parse().ok()?, parent.trim().parse().ok()?))
            })
            .collect()
    }
}
