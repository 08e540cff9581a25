//! Searches, each compiled with the instructions that its lanes use.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

#[cfg(target_arch = "x86_64")]
use super::lanes::avx2::{Avx2, Avx2Proof};
#[cfg(target_arch = "x86_64")]
use super::lanes::avx512::{Avx512, Avx512Proof};
#[cfg(target_arch = "aarch64")]
use super::lanes::neon::{Neon, NeonProof};
use super::lanes::portable::One;
use super::{Runner, sha1, sha256};

#[cfg(target_arch = "x86_64")]
impl Runner for Avx512Proof {
    fn sha1<const MASK: u32>(self, search: sha1::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx512f")]
        fn run<const MASK: u32>(proof: Avx512Proof, mut search: sha1::Search<'_>) -> Option<u64> {
            search.run::<Avx512, 3, MASK>(proof)
        }
        // SAFETY: this is a proof of AVX-512F.
        unsafe { run::<MASK>(self, search) }
    }

    fn sha256<const MASK: u32>(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx512f")]
        fn run<const MASK: u32>(proof: Avx512Proof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run::<Avx512, 2, 3, MASK, 2>(proof)
        }
        // SAFETY: this is a proof of AVX-512F.
        unsafe { run::<MASK>(self, search) }
    }

    fn header(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx512f")]
        fn run(proof: Avx512Proof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run_header::<Avx512, 2>(proof)
        }
        // SAFETY: this is a proof of AVX-512F.
        unsafe { run(self, search) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Runner for Avx2Proof {
    fn sha1<const MASK: u32>(self, search: sha1::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx2")]
        fn run<const MASK: u32>(proof: Avx2Proof, mut search: sha1::Search<'_>) -> Option<u64> {
            search.run::<Avx2, 1, MASK>(proof)
        }
        // SAFETY: this is a proof of AVX2.
        unsafe { run::<MASK>(self, search) }
    }

    fn sha256<const MASK: u32>(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx2")]
        fn run(proof: Avx2Proof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run::<Avx2, 1, 1, { sha256::ALL }, 16>(proof)
        }
        // SAFETY: this is a proof of AVX2.
        unsafe { run(self, search) }
    }

    fn header(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "avx2")]
        fn run(proof: Avx2Proof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run_header::<Avx2, 1>(proof)
        }
        // SAFETY: this is a proof of AVX2.
        unsafe { run(self, search) }
    }
}

/// There are registers for two hashes of SHA-1 side by side, and for one of SHA-256.
#[cfg(target_arch = "aarch64")]
impl Runner for NeonProof {
    fn sha1<const MASK: u32>(self, search: sha1::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "neon")]
        fn run<const MASK: u32>(proof: NeonProof, mut search: sha1::Search<'_>) -> Option<u64> {
            search.run::<Neon, 2, MASK>(proof)
        }
        // SAFETY: this is a proof of NEON.
        unsafe { run::<MASK>(self, search) }
    }

    fn sha256<const MASK: u32>(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "neon")]
        fn run(proof: NeonProof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run::<Neon, 1, 1, { sha256::ALL }, 16>(proof)
        }
        // SAFETY: this is a proof of NEON.
        unsafe { run(self, search) }
    }

    fn header(self, search: sha256::Search<'_>) -> Option<u64> {
        #[target_feature(enable = "neon")]
        fn run(proof: NeonProof, mut search: sha256::Search<'_>) -> Option<u64> {
            search.run_header::<Neon, 1>(proof)
        }
        // SAFETY: this is a proof of NEON.
        unsafe { run(self, search) }
    }
}

/// Plain Rust needs no proof.
impl Runner for () {
    fn sha1<const MASK: u32>(self, mut search: sha1::Search<'_>) -> Option<u64> {
        search.run::<One, 1, MASK>(self)
    }

    fn sha256<const MASK: u32>(self, mut search: sha256::Search<'_>) -> Option<u64> {
        search.run::<One, 1, 1, { sha256::ALL }, 16>(self)
    }

    fn header(self, mut search: sha256::Search<'_>) -> Option<u64> {
        search.run_header::<One, 1>(self)
    }
}
