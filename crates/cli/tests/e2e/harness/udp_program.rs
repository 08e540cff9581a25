//! A program over UDP that a profile describes, as people write them, in Python: `programs/` has
//! it.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Command;

use super::{Althing, Line};

/// Such a program as a process.
pub(crate) struct UdpProgram(Althing);

impl UdpProgram {
    /// Starts `script`, which listens at `real` and tells others that it is at `public`.
    pub(crate) fn start(
        script: &str,
        profile: &Path,
        real: SocketAddr,
        public: SocketAddr,
        options: &[String],
    ) -> Self {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/programs");
        let mut python = Command::new("python3");
        python.arg("-B").arg(programs.join(script)).arg(profile);
        python.arg("--port").arg(real.port().to_string());
        python.arg("--advertise").arg(public.to_string()).args(options);
        let program = Self(Althing::launch(&format!("program at {public}"), python, None));
        program.wait_until("that it is there", |lines| {
            lines.iter().any(|line| line.is("started")).then_some(())
        });
        program
    }

    /// Returns the height and the hash of its tip, if it has a chain.
    ///
    /// # Panics
    /// If it has ended.
    pub(crate) fn tip(&self) -> Option<(u64, String)> {
        let lines = self.lines();
        let reason = lines.iter().find(|line| line.is("ended"));
        assert!(reason.is_none(), "{} has ended: {reason:?}", self.name());
        let Line { said, .. } = lines.iter().rev().find(|line| line.is("tip"))?;
        Some((said["height"].as_u64()?, said["hash"].as_str()?.to_owned()))
    }
}

impl Deref for UdpProgram {
    type Target = Althing;

    fn deref(&self) -> &Althing {
        &self.0
    }
}

impl DerefMut for UdpProgram {
    fn deref_mut(&mut self) -> &mut Althing {
        &mut self.0
    }
}
