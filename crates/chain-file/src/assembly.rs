//! The chain of an assembly as a file: the first line has the charter, and after each block stands
//! the certificate that commits it, if it has one of its own.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use althing_dialect::assembly::{Assembly, fields};
use althing_dialect::{Codec, NetworkConfig};
use althing_ledger::assembly::Certificate;
use althing_ledger::charter::Charter;
use althing_ledger::{Block, NativeBlock};
use althing_text::hex;

use crate::ChainFileError;
use crate::format::{BlockLines, open, write_heading};

/// A committed block with the certificate of it, if it has one of its own; otherwise that of a
/// block after it commits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertifiedBlock {
    /// The block.
    pub block: NativeBlock,
    /// What has finalized it.
    pub certificate: Option<Certificate>,
}

impl CertifiedBlock {
    /// Returns it as a line without its end: the block and its certificate, as they are sent, in
    /// hexadecimal digits with a space between them.
    pub fn to_line(&self, dialect: &Assembly) -> String {
        let block = dialect.encode_block(&Block::Native(self.block.clone()));
        let certificate = self.certificate.as_ref().and_then(fields::encode_certificate);
        let certificate = certificate.map(|bytes| format!(" {}", hex::encode(&bytes)));
        hex::encode(&block) + &certificate.unwrap_or_default()
    }

    /// Returns the block in the line with this number.
    pub fn of_line(bytes: &[u8], line: u64) -> Result<Self, ChainFileError> {
        let mut parts = bytes.splitn(2, |byte| *byte == b' ');
        let mut part = || {
            let digits = parts.next()?;
            Some(hex::decode_any_case(digits).ok_or(ChainFileError::NotHexadecimal { line }))
        };
        let malformed = |reason| ChainFileError::NoBlock { line, reason };
        let block = part().unwrap_or(Ok(Vec::new()))?;
        let certificate = part().transpose()?;
        Ok(Self {
            block: Assembly::decode_block(&block).map_err(malformed)?,
            certificate: certificate
                .map(|bytes| fields::decode_certificate(&bytes))
                .transpose()
                .map_err(malformed)?,
        })
    }
}

/// Writes the blocks of an assembly's chain, each as a line.
///
/// An error is the first of `lines`, or of `out`.
pub fn write_assembly<E: From<io::Error>>(
    dialect: &Assembly,
    count: u64,
    lines: impl Iterator<Item = Result<String, E>>,
    out: &mut impl Write,
) -> Result<(), E> {
    let charter = Some(dialect.charter().to_document());
    write_heading(&dialect.network(), charter, count, out)?;
    for line in lines {
        writeln!(out, "{}", line?)?;
    }
    Ok(())
}

/// The chain of an assembly that is being read.
pub struct AssemblyReader<R> {
    charter: Arc<Charter>,
    lines: BlockLines<R>,
}

impl<R: BufRead> AssemblyReader<R> {
    /// Reads the first line; `None` if the file is of another kind of network.
    pub fn new(lines: R) -> Result<Option<Self>, ChainFileError> {
        let opened = open(lines)?;
        let NetworkConfig::Assembly { network, chain } = opened.network else { return Ok(None) };
        let no_charter = |reason: String| ChainFileError::NoCharter { reason };
        let document = opened.charter.ok_or_else(|| no_charter("there is none".to_owned()))?;
        let charter = Charter::read(&document).map_err(|error| no_charter(error.to_string()))?;
        if charter.chain_id() != chain || charter.network.to_string() != network {
            return Err(no_charter("its hash is not the id of the chain".to_owned()));
        }
        Ok(Some(Self { charter: Arc::new(charter), lines: opened.lines }))
    }

    /// Returns the charter that the file has.
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// Returns how many blocks there should be.
    pub fn blocks(&self) -> u64 {
        self.lines.blocks
    }

    /// Reads the next block; `None` after the last.
    pub fn block(&mut self) -> Result<Option<CertifiedBlock>, ChainFileError> {
        self.lines.next(|bytes, line| CertifiedBlock::of_line(&bytes, line))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use althing_ledger::assembly::{
        Authenticator, Ed25519, Facts, Seal, SignedStatement, Statement,
    };
    use althing_ledger::charter::{ApplicationSettings, FaultModel, Member, MemberIndex};
    use althing_types::{UnixTime, View};

    use super::*;

    const FOUNDED: UnixTime = UnixTime::from_seconds(1_700_000_000);

    /// Returns an assembly of one member, and its first two blocks, of which the second has a
    /// certificate.
    fn chain() -> (Assembly, Vec<CertifiedBlock>) {
        let key = Ed25519::new(&[1; 32]);
        let notes = ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() };
        let charter = Charter {
            network: "club".parse().expect("a name"),
            founded: FOUNDED,
            faults: FaultModel::Byzantine,
            block_time: Duration::from_secs(1),
            difficulty: 0..=0,
            applications: vec![notes],
            members: vec![Member { name: "ann".parse().expect("a name"), key: key.key() }],
            signatures: BTreeMap::new(),
        };
        let dialect = Assembly::new(Arc::new(charter.clone()), "").expect("it is known");
        let (mut facts, mut blocks) = (Facts::of_genesis(&dialect.genesis()), Vec::new());
        for view in [1, 2].map(View::new) {
            let seal = Seal { view, maker: MemberIndex(0), salt: 0 };
            let template = facts.template(&charter, seal, FOUNDED, [].into());
            let block = template.into_native().expect("it is native");
            facts = facts.follow(&charter, &block, view).expect("it is right");
            let statement = Statement::Finalize { view, block: facts.hash };
            let word = SignedStatement::sign(statement, MemberIndex(0), &dialect.chain(), &key);
            let signatures = vec![(word.member, word.signature)];
            let certificate =
                (view == View::new(2)).then_some(Certificate { statement, signatures });
            blocks.push(CertifiedBlock { block, certificate });
        }
        (dialect, blocks)
    }

    fn written() -> (Vec<CertifiedBlock>, String) {
        let (dialect, blocks) = chain();
        let mut out = Vec::new();
        let lines = blocks.iter().map(|block| Ok::<_, io::Error>(block.to_line(&dialect)));
        write_assembly(&dialect, 2, lines, &mut out).expect("there is room in memory");
        (blocks, String::from_utf8(out).expect("it is text"))
    }

    fn read(text: &str) -> Result<Vec<CertifiedBlock>, ChainFileError> {
        let mut reader = AssemblyReader::new(text.as_bytes())?.expect("it is of an assembly");
        std::iter::from_fn(|| reader.block().transpose()).collect()
    }

    #[test]
    fn blocks_and_certificates_are_read_back_and_no_part_of_them() {
        let (blocks, text) = written();
        assert_eq!(read(&text).expect("it is whole"), blocks);
        let heading = text.find('\n').expect("a heading") + 1;
        for end in heading..text.trim_end().len() {
            match read(&text[..end]) {
                Err(ChainFileError::Incomplete { blocks: 2, .. }) => {}
                // A block whose certificate is cut off as a whole is one without.
                Ok(read) => assert_ne!(read, blocks, "{end}"),
                other => panic!("{end}: {other:?}"),
            }
        }
        let surplus = read(&format!("{text}00\n"));
        assert!(matches!(surplus, Err(ChainFileError::Surplus { blocks: 2 })), "{surplus:?}");
    }

    #[test]
    fn the_charter_must_be_that_of_the_chain() {
        let (_, text) = written();
        for (from, to, reason) in [
            ("block-time-ms = 1000", "block-time-ms = 1001", "not the id of the chain"),
            ("\"charter\":\"", "\"charter\":\"[", "line 1"),
            ("\"charter\"", "\"chart\"", "there is none"),
        ] {
            let error = read(&text.replacen(from, to, 1)).expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
        }
        let plain = crate::Reader::new(text.as_bytes()).err().expect("it is an assembly's");
        assert!(matches!(plain, ChainFileError::Assembly), "{plain:?}");
    }
}
