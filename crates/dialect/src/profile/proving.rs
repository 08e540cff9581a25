//! What solves a challenge, and what is signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fields::MessageKind;

/// What solves a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PuzzleRules {
    /// The hash function.
    pub hash: HashName,
    /// The text that is hashed.
    pub input: HashedText,
    /// How the solution in it becomes bytes.
    pub bytes: InputBytes,
    /// Which zeros of the digest count.
    pub zeros: Zeros,
    /// How many there must be for a challenge of d.
    pub need: Need,
    /// Whether there must be no more.
    pub exact: bool,
    /// What solutions look like: `{tx}`, `{id}`, `{d}`, `{n}` (a counter) and `{rand}` (a random
    /// number) within other text; or `random64`; or an alphabet and a length, as in `alnum*10`; or
    /// `printable*4..10`, as the program of `ppd` has it. Alphabets are `alnum`, `letters`,
    /// `lower`, `upper`, `digits`, `hex` and `printable`.
    pub candidate: String,
    /// How a solution is written.
    #[serde(rename = "type")]
    pub form: SolutionForm,
    /// Whether the leader keeps a secret text, and takes only a solution with the same digest.
    pub secret: bool,
}

/// A hash function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HashName {
    /// SHA-1.
    #[default]
    Sha1,
}

/// The text that is hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum HashedText {
    /// The solution alone.
    #[default]
    #[serde(rename = "{solution}")]
    Solution,
    /// The row, a colon, and the solution.
    #[serde(rename = "{tx}:{solution}")]
    RowAndSolution,
    /// The row, the challenge and the solution, with colons between them.
    #[serde(rename = "{tx}:{d}:{solution}")]
    RowChallengeAndSolution,
}

/// How a solution that is hashed becomes bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InputBytes {
    /// As UTF-8.
    #[default]
    Utf8,
    /// As a number: its bytes, the highest first, without zeros before them.
    IntBeMinimal,
    /// As a number: eight bytes, the lowest first.
    #[serde(rename = "int-le-8")]
    IntLe8,
}

/// Which zeros of a digest count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Zeros {
    /// Bits at its beginning.
    #[default]
    Bits,
    /// Hexadecimal digits at its beginning.
    Hex,
    /// Bits after its first 1.
    AfterFirstOne,
}

/// How many zeros there must be for a challenge of d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Need {
    /// d.
    #[default]
    #[serde(rename = "d")]
    All,
    /// A quarter of d, rounded down, but at least one.
    #[serde(rename = "max(1,d/4)", alias = "max(1, d/4)")]
    Quarter,
}

/// How a solution is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SolutionForm {
    /// As a text.
    #[default]
    Text,
    /// As a number.
    Int,
}

impl Default for PuzzleRules {
    fn default() -> Self {
        Self {
            hash: HashName::Sha1,
            input: HashedText::Solution,
            bytes: InputBytes::Utf8,
            zeros: Zeros::Bits,
            need: Need::All,
            exact: false,
            candidate: "{n}".into(),
            form: SolutionForm::Text,
            secret: false,
        }
    }
}

/// What is signed, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Signing {
    /// With what.
    pub alg: SignatureName,
    /// What a signature is over.
    pub over: SignedPart,
    /// How a key is written.
    pub key: KeyForm,
    /// The messages that are signed.
    pub messages: Vec<MessageKind>,
}

/// A kind of signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureName {
    /// None.
    #[default]
    None,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256 and 94 bytes of salt, the most that a key of 1024 bits has room for.
    RsaPssSha256Salt94,
}

/// What a signature is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SignedPart {
    /// The message as Python writes it, without the signature.
    #[default]
    DumpMinusSign,
    /// The text of the field that says what the message is about: vote, challenge, solution,
    /// result or ballot.
    FieldUtf8,
    /// That field; a number n is n zero bytes, as `bytes(n)` is in Python.
    FieldNZeroBytes,
}

/// How a key is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// PEM (RFC 7468), without the last line's end.
    #[default]
    Pem,
    /// The bytes of the PEM as hexadecimal digits.
    PemHex,
    /// As OpenSSH has it in one line, `ssh-rsa AAAA...`.
    Openssh,
    /// The base64 within the PEM, without its first and last line.
    PemBody,
}
