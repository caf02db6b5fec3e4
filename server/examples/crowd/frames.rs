//! Reads what a server sends over a socket just far enough to know which seq arrived: unpacking every frame would cost the
//! load client more than the server.

/// How much of a frame's beginning is looked at.
const HEAD_BYTES: usize = 240;

/// How much of its end.
const TAIL_BYTES: usize = 24;

/// The frame that is being read.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// What precedes the payload, as far as it has come.
    lead: Vec<u8>,
    /// The payload still to come; `None` while the lead is not whole.
    left: Option<u64>,
    bytes: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// A frame that has arrived.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) opcode: u8,
    /// Of the whole frame.
    pub(crate) bytes: u64,
    pub(crate) head: &'a [u8],
    tail: &'a [u8],
}

/// What a frame of a list or of rows says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) is_rows: bool,
    pub(crate) seq: u64,
    /// Whether all parts have come.
    pub(crate) is_last: bool,
}

impl Frames {
    /// Reads on; `seen` hears of every frame that ends here.
    pub(crate) fn read(&mut self, mut bytes: &[u8], mut seen: impl FnMut(&Seen<'_>)) {
        while !bytes.is_empty() {
            let Some(left) = self.left else {
                self.lead.push(bytes[0]);
                bytes = &bytes[1..];
                self.left = length(&self.lead);
                self.bytes = self.left.unwrap_or(0) + self.lead.len() as u64;
                if self.left == Some(0) {
                    self.end(&mut seen);
                }
                continue;
            };
            let now = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let (part, rest) = bytes.split_at(now);
            bytes = rest;
            let wanted = HEAD_BYTES.saturating_sub(self.head.len()).min(part.len());
            self.head.extend_from_slice(&part[..wanted]);
            self.tail.extend_from_slice(&part[part.len().saturating_sub(TAIL_BYTES)..]);
            let long = self.tail.len().saturating_sub(TAIL_BYTES);
            self.tail.drain(..long);
            self.left = Some(left - now as u64);
            if self.left == Some(0) {
                self.end(&mut seen);
            }
        }
    }

    fn end(&mut self, seen: &mut impl FnMut(&Seen<'_>)) {
        let opcode = self.lead.first().map_or(0, |byte| byte & 15);
        seen(&Seen { opcode, bytes: self.bytes, head: &self.head, tail: &self.tail });
        self.lead.clear();
        self.head.clear();
        self.tail.clear();
        self.left = None;
    }
}

/// The length of the payload, once the lead is whole. Servers do not mask.
fn length(lead: &[u8]) -> Option<u64> {
    let short = u64::from(lead.get(1)? & 127);
    let long = match short {
        126 => 2,
        127 => 8,
        _ => return Some(short),
    };
    let digits = lead.get(2..2 + long)?;
    Some(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

impl Seen<'_> {
    /// What it says of itself, if it is a frame of a list or of rows.
    pub(crate) fn step(&self) -> Option<Step> {
        if self.opcode == 2 { self.compact() } else { self.json() }
    }

    fn json(&self) -> Option<Step> {
        let head = String::from_utf8_lossy(self.head);
        if !(head.starts_with(r#"{"type":"snapshot""#) || head.starts_with(r#"{"type":"delta""#)) {
            return None;
        }
        let after = head.split_once(r#""seq":"#)?.1;
        let seq = after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        let tail = String::from_utf8_lossy(self.tail);
        let part = tail.split_once(r#""part":["#).and_then(|(_, part)| part.trim_end_matches("]}").split_once(','));
        let is_rows = [r#""rows":["#, r#""patches":["#, r#""gone":["#].iter().any(|name| head.contains(name));
        Some(Step { is_rows, seq, is_last: part.is_none_or(|(part, of)| part == of) })
    }

    fn compact(&self) -> Option<Step> {
        let (kind, mut rest) = self.head.split_first()?;
        let is_part = kind & 128 != 0;
        let kind = kind & 127;
        if !(1..=4).contains(&kind) {
            return None;
        }
        let is_last = !is_part || number(&mut rest)? == number(&mut rest)?;
        let name = usize::try_from(number(&mut rest)?).ok()?;
        rest = rest.get(name..)?;
        Some(Step { is_rows: kind > 2, seq: number(&mut rest)?, is_last })
    }
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 127).checked_shl(place * 7)?;
        if byte & 128 == 0 {
            return Some(number);
        }
    }
    None
}
