//! How the number of a candidate is written into its message.

/// How the number of a candidate is written into its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nonce {
    /// As its shortest big-endian bytes: 0 is no byte at all, 255 is `ff`, 256 is `0100`.
    Integer,
    /// In decimal digits, without leading zeros.
    Decimal,
    /// As a text over the 94 characters a-z, A-Z, ASCII punctuation, 0-9 (in that order).
    ///
    /// First come the 3,464,840 texts of four characters in which no character comes before its
    /// predecessor in this order (`aaaa`, `aaab` .. `9999`), since the published program of `ppd`
    /// tries only those; then all texts of four characters, those of five, and so on to ten.
    Text,
    /// As four bytes, lowest first.
    LittleEndian,
    /// As eight bytes, lowest first.
    EightLittleEndian,
    /// As a text of so many characters, which count up like the digits of a number.
    Of {
        /// The characters, in the order of their values.
        alphabet: Alphabet,
        /// How many; no more than the alphabet allows.
        length: u8,
    },
}

/// The characters of a text that counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// a-z, A-Z, 0-9.
    Alphanumeric,
    /// a-z, A-Z.
    Letters,
    /// a-z.
    LowerCase,
    /// A-Z.
    UpperCase,
    /// 0-9.
    Digits,
    /// 0-9, a-f.
    Hexadecimal,
    /// The 94 characters of [`Nonce::Text`].
    Printable,
}

impl Alphabet {
    /// Returns the characters.
    pub(crate) const fn symbols(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            Self::Letters => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::LowerCase => b"abcdefghijklmnopqrstuvwxyz",
            Self::UpperCase => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            Self::Digits => &DECIMAL,
            Self::Hexadecimal => b"0123456789abcdef",
            Self::Printable => &TEXT,
        }
    }

    /// Returns how many characters a number below 2^64 always fills: the most that count up.
    pub(crate) fn digits_max(self) -> u8 {
        let digits = u64::MAX.ilog(self.symbols().len() as u64);
        u8::try_from(digits).expect("at most 19")
    }
}

/// Consecutive candidates whose messages have the same length.
///
/// Their digits count up like those of a number: the last one runs through all its symbols before
/// the one left of it moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) nonce: Nonce,
    /// The number of digits of each.
    pub(crate) length: usize,
    /// The index at which all digits would be the first symbol, even if no candidate has them all.
    pub(crate) zero: u64,
    /// The index after the last one.
    pub(crate) end: u64,
    pub(crate) order: Order,
}

/// Which digits may follow a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Any.
    Free,
    /// The same and those after it.
    Rising,
}

const DECIMAL: [u8; 10] = *b"0123456789";
const TEXT: [u8; 94] = *b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
    !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~0123456789";
const BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        bytes[byte as usize] = byte;
        byte -= 1;
    }
    bytes
};

/// The length of the shortest text that is tried, in characters.
const TEXT_LENGTH_MIN: u32 = 4;

/// Rising texts of four characters: ways to choose four of 94, with repetition.
const RISING_TEXTS: u64 = rising(94, TEXT_LENGTH_MIN as usize);

/// How many rising texts there are, by the number of symbols and of characters.
static RISING: [[u64; TEXT_LENGTH_MIN as usize]; TEXT.len() + 1] = {
    let mut counts = [[0; TEXT_LENGTH_MIN as usize]; TEXT.len() + 1];
    let mut symbols = 0;
    while symbols < counts.len() {
        let mut length = 0;
        while length < counts[symbols].len() {
            counts[symbols][length] = rising(symbols, length);
            length += 1;
        }
        symbols += 1;
    }
    counts
};

impl Nonce {
    /// Returns how many candidates there are: the valid indexes are those below.
    ///
    /// 2^64 - 1 where the length is free, which is thousands of years of work for one thread. (The
    /// indexes therefore end one below the highest `u64`.)
    pub const fn candidates(self) -> u64 {
        match self {
            Self::Integer | Self::Decimal | Self::Text => u64::MAX,
            Self::LittleEndian => 1 << 32,
            Self::EightLittleEndian => u64::MAX,
            Self::Of { alphabet, length } => {
                (alphabet.symbols().len() as u64).saturating_pow(length as u32)
            }
        }
    }

    /// Returns the length of the longest nonce, in bytes.
    pub(crate) fn length_max(self) -> usize {
        self.segment(self.candidates() - 1).length
    }

    /// Returns what the digits 0, 1, 2 .. are written as.
    pub(crate) const fn symbols(self) -> &'static [u8] {
        match self {
            Self::Integer | Self::LittleEndian | Self::EightLittleEndian => &BYTES,
            Self::Of { alphabet, .. } => alphabet.symbols(),
            Self::Decimal => &DECIMAL,
            Self::Text => &TEXT,
        }
    }

    /// Returns the segment that an index is in.
    pub(crate) fn segment(self, index: u64) -> Segment {
        let radix = self.radix();
        let power = |exponent: u32| radix.checked_pow(exponent).unwrap_or(u64::MAX);
        let (length, zero, end, order) = match self {
            // No digit of a number can be left out; zero has no bytes, but one decimal digit.
            Self::Integer => {
                let length = (u64::BITS - index.leading_zeros()).div_ceil(8);
                (length, 0, power(length), Order::Free)
            }
            Self::Decimal => {
                let length = index.checked_ilog10().unwrap_or(0) + 1;
                (length, 0, power(length), Order::Free)
            }
            // Texts may begin with any symbol, so all of one length come before the next.
            Self::Text if index < RISING_TEXTS => (4, 0, RISING_TEXTS, Order::Rising),
            Self::Text => {
                let (mut length, mut zero) = (TEXT_LENGTH_MIN, RISING_TEXTS);
                while index - zero >= power(length) {
                    zero += power(length);
                    length += 1;
                }
                (length, zero, zero.saturating_add(power(length)), Order::Free)
            }
            Self::LittleEndian => (4, 0, 1 << 32, Order::Free),
            Self::EightLittleEndian => (8, 0, u64::MAX, Order::Free),
            Self::Of { length, .. } => (length.into(), 0, self.candidates(), Order::Free),
        };
        let length = usize::try_from(length).expect("at most 20 digits");
        Segment { nonce: self, length, zero, end, order }
    }

    /// Returns the nonce at `index`, as it is written into the message.
    pub fn bytes(self, index: u64) -> Vec<u8> {
        let segment = self.segment(index);
        let mut bytes = vec![0; segment.length];
        segment.write(index, &mut bytes);
        bytes
    }

    fn radix(self) -> u64 {
        u64::try_from(self.symbols().len()).expect("at most 256 symbols")
    }
}

impl Segment {
    /// Writes the nonce at `index` into `bytes`, one for each of the segment's digits.
    pub(crate) fn write(&self, index: u64, bytes: &mut [u8]) {
        let place = index - self.zero;
        match self.order {
            Order::Free => self.write_digits(place, bytes),
            Order::Rising => self.write_rising(place, bytes),
        }
        if matches!(self.nonce, Nonce::LittleEndian | Nonce::EightLittleEndian) {
            bytes.reverse();
        }
    }

    /// Writes the lowest digits of a number, as many as `bytes` has room for.
    pub(crate) fn write_digits(&self, number: u64, bytes: &mut [u8]) {
        let symbols = self.nonce.symbols();
        let radix = self.nonce.radix();
        let mut rest = number;
        for byte in bytes.iter_mut().rev() {
            *byte = symbols[usize::try_from(rest % radix).expect("a digit is small")];
            rest /= radix;
        }
    }

    fn write_rising(&self, place: u64, bytes: &mut [u8]) {
        let symbols = self.nonce.symbols();
        let (mut rest, mut digit) = (place, 0);
        let length = bytes.len();
        for (position, byte) in bytes.iter_mut().enumerate() {
            // Texts whose digit here is `digit` come before those where it is the next.
            let with = |digit: usize| RISING[symbols.len() - digit][length - position - 1];
            while rest >= with(digit) {
                rest -= with(digit);
                digit += 1;
            }
            *byte = symbols[digit];
        }
    }
}

/// Returns how many rising texts of `length` there are over this number of symbols.
const fn rising(symbols: usize, length: usize) -> u64 {
    let (mut texts, mut i) = (1, 0);
    while i < length {
        // Exact at each step: a product of i consecutive numbers is divisible by i!.
        texts = texts * (symbols + i) / (i + 1);
        i += 1;
    }
    texts as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCES: [Nonce; 7] = [
        Nonce::Integer,
        Nonce::Decimal,
        Nonce::Text,
        Nonce::LittleEndian,
        Nonce::EightLittleEndian,
        Nonce::Of { alphabet: Alphabet::Alphanumeric, length: 8 },
        Nonce::Of { alphabet: Alphabet::Digits, length: 19 },
    ];

    fn text(index: u64) -> String {
        String::from_utf8(Nonce::Text.bytes(index)).expect("ASCII")
    }

    #[test]
    fn texts_rise_first_and_then_run_free() {
        assert_eq!(RISING_TEXTS, 3_464_840);
        assert_eq!([text(0), text(1), text(94)], ["aaaa", "aaab", "aabb"]);
        assert_eq!(text(167_193), "bg*0");
        assert_eq!(text(2_566_027), "BJ{9");
        assert_eq!([text(RISING_TEXTS - 1), text(RISING_TEXTS)], ["9999", "aaaa"]);
        let of_five = RISING_TEXTS + 94_u64.pow(4);
        assert_eq!([text(of_five - 1), text(of_five)], ["9999", "aaaaa"]);
        assert_eq!(text(u64::MAX).len(), 10);
    }

    #[test]
    fn rising_texts_are_all_there_in_order() {
        let symbols = Nonce::Text.symbols();
        let digit = |byte| symbols.iter().position(|symbol| *symbol == byte).expect("a symbol");
        let digits = |index| Nonce::Text.bytes(index).into_iter().map(digit).collect::<Vec<_>>();
        let mut last = digits(0);
        for index in (1..RISING_TEXTS).step_by(997).chain(1..20_000) {
            let next = digits(index);
            assert!(next.is_sorted() && (index == 1 || next != last), "{index}: {next:?}");
            if index > 1 && index < 20_000 {
                assert!(last < next);
            }
            last = next;
        }
    }

    #[test]
    fn numbers_are_written_as_the_networks_write_them() {
        assert_eq!(Nonce::Integer.bytes(0), b"");
        assert_eq!(Nonce::Integer.bytes(256), [1, 0]);
        assert_eq!(Nonce::Decimal.bytes(0), b"0");
        assert_eq!(Nonce::Decimal.bytes(256), b"256");
        assert_eq!(Nonce::Decimal.bytes(u64::MAX), b"18446744073709551615");
        assert_eq!(Nonce::LittleEndian.bytes(256), [0, 1, 0, 0]);
        assert_eq!(Nonce::EightLittleEndian.bytes(256), [0, 1, 0, 0, 0, 0, 0, 0]);
        let of = |length| Nonce::Of { alphabet: Alphabet::Letters, length }.bytes(53);
        assert_eq!([of(2), of(4)], [b"bb".to_vec(), b"aabb".to_vec()]);
    }

    #[test]
    fn segments_meet_each_other_and_grow_by_a_digit() {
        for nonce in NONCES {
            let mut segment = nonce.segment(0);
            while segment.end < nonce.candidates() {
                assert_eq!(nonce.segment(segment.end - 1), segment);
                let next = nonce.segment(segment.end);
                let grown = usize::from(segment.order == Order::Free);
                assert_eq!(next.length, segment.length + grown, "{nonce:?}");
                segment = next;
            }
            assert_eq!(segment.end, nonce.candidates());
        }
    }

    proptest! {
        #[test]
        fn indexes_of_a_segment_differ_as_numbers_do(index: u64, which in 0..NONCES.len()) {
            let nonce = NONCES[which];
            let index = index % nonce.candidates();
            let segment = nonce.segment(index);
            prop_assert!(segment.zero <= index && index < segment.end);
            let expected = match nonce {
                Nonce::Integer => index.to_be_bytes()[8 - segment.length..].to_vec(),
                Nonce::Decimal => index.to_string().into_bytes(),
                Nonce::LittleEndian => index.to_le_bytes()[..4].to_vec(),
                Nonce::EightLittleEndian => index.to_le_bytes().to_vec(),
                Nonce::Of { alphabet: Alphabet::Digits, .. } => {
                    format!("{index:019}").into_bytes()
                }
                Nonce::Text | Nonce::Of { .. } => return Ok(()),
            };
            prop_assert_eq!(nonce.bytes(index), expected);
        }
    }
}
