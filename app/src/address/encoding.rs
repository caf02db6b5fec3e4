//! Form encoding: pairs to the text after `?` and back.

/// Reads pairs; what is not encoded properly is taken as it stands.
pub(crate) fn decode_pairs(search: &str) -> Vec<(String, String)> {
    search
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Writes pairs.
pub(crate) fn encode_pairs(pairs: &[(String, String)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode(key, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        let escaped = || {
            let pair = std::str::from_utf8(tail.get(..2)?).ok()?;
            pair.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok()).flatten()
        };
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match escaped() {
                Some(value) => {
                    bytes.push(value);
                    rest = &tail[2..];
                }
                None => bytes.push(b'%'),
            },
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        // A comma and a colon stand for themselves in a query; lists and ids stay readable.
        if byte.is_ascii_alphanumeric() || b"-_.,:~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_written_back() {
        let text = "q=cat%20%26%20dog&chain=solana,base&x=%C3%A9";
        let pairs = decode_pairs(text);
        assert_eq!(pairs[0], ("q".to_owned(), "cat & dog".to_owned()));
        assert_eq!(pairs[2].1, "é");
        assert_eq!(encode_pairs(&pairs), text);
    }

    #[test]
    fn damaged_text_is_taken_as_it_stands() {
        let values: Vec<String> = decode_pairs("?a=%zz&b=1+2&c=%f&d&&e=%ff").into_iter().map(|pair| pair.1).collect();
        assert_eq!(values, ["%zz", "1 2", "%f", "", "\u{fffd}"]);
    }
}
