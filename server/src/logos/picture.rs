//! Drawing a fetched picture anew: small, as a PNG that holds nothing but its points.
//!
//! What strangers sent is never passed on: a file that is a picture to us and something else to a browser does not survive
//! being drawn, and half a MiB for a tile of a few millimetres would be a waste fifty times a page.

use std::io::Cursor;

use axum::http::HeaderValue;
use bytes::Bytes;
use image::{ImageFormat, ImageReader, Limits};
use sha2::{Digest as _, Sha256};

/// The longer side of what is drawn: enough for a tile on a dense screen.
const SIDE: u32 = 96;

/// The longest side that is read.
const MOST_SIDE: u32 = 2048;

/// The memory that reading one may take: its points at eight bytes each, and some.
const MOST_MEMORY: u64 = 48 * 1024 * 1024;

/// A small PNG.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) png: Bytes,
    /// Names the content, with its quotes.
    pub(super) tag: HeaderValue,
}

/// The format that the first bytes tell, of those that are read. Never one that holds text, links or scripts.
fn format(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Draws a picture; `None` when it is none of the known kinds, too large, or damaged. Takes a while: not for a thread that
/// serves.
pub(super) fn draw(bytes: &[u8]) -> Option<Picture> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format(bytes)?);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let read = reader.decode().ok()?;
    let small = if read.width().max(read.height()) > SIDE { read.thumbnail(SIDE, SIDE) } else { read };
    let mut png = Cursor::new(Vec::new());
    small.into_rgba8().write_to(&mut png, ImageFormat::Png).ok()?;
    let png = png.into_inner();
    let hash = Sha256::digest(&png);
    let tag = format!("\"{:016x}\"", u64::from_be_bytes(*hash.first_chunk::<8>()?));
    Some(Picture { tag: HeaderValue::from_str(&tag).ok()?, png: png.into() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
pub(super) mod tests {
    use image::{DynamicImage, Rgba, RgbaImage};

    use super::*;

    /// A picture of a size, as a file of a format.
    pub(in crate::logos) fn file(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let points =
            RgbaImage::from_fn(width, height, |x, y| Rgba([x, y, x ^ y, 255].map(|part| part.to_le_bytes()[0])));
        let mut file = Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(points);
        let image = if format == ImageFormat::Jpeg { image.into_rgb8().into() } else { image };
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn size(png: &[u8]) -> (u32, u32) {
        let image = image::load_from_memory_with_format(png, ImageFormat::Png).unwrap();
        (image.width(), image.height())
    }

    #[test]
    fn every_kind_becomes_a_small_png() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            for (width, height, drawn) in [(400, 200, (96, 48)), (20, 30, (20, 30)), (1, 1, (1, 1))] {
                let picture = draw(&file(format, width, height)).unwrap();
                assert_eq!(size(&picture.png), drawn, "{format:?}");
                assert!(picture.png.len() < 96 * 96 * 4 + 1024);
            }
        }
    }

    #[test]
    fn nothing_that_comes_along_is_kept() {
        let mut file = file(ImageFormat::Png, 10, 10);
        let clean = draw(&file).unwrap();
        file.extend_from_slice(b"<script>alert(1)</script>");
        let drawn = draw(&file).unwrap();
        assert_eq!(drawn.png, clean.png);
        assert_eq!(drawn.tag, clean.tag);
        let text = String::from_utf8_lossy(&drawn.png).into_owned();
        assert!(!text.contains("script"));
    }

    #[test]
    fn what_is_no_picture_is_not_drawn() {
        let png = file(ImageFormat::Png, 50, 50);
        // A head that promises more than may be read, with its checksum.
        let mut huge = png.clone();
        huge[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let sum = crc32fast::hash(&huge[12..29]);
        huge[29..33].copy_from_slice(&sum.to_be_bytes());
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let wide = file(ImageFormat::Png, MOST_SIDE + 1, 1);
        for (what, bytes) in [
            ("nothing", &b""[..]),
            ("an SVG", svg),
            ("an SVG after a declaration", b"<?xml version=\"1.0\"?><svg/>"),
            ("a page", b"<!doctype html><p>"),
            ("a bitmap", b"BM\x00\x00"),
            ("an icon", b"\x00\x00\x01\x00"),
            ("half a picture", &png[..png.len() / 2]),
            ("a head alone", &png[..8]),
            ("a head of another kind", b"\xff\xd8\xff<svg/>"),
            ("a promise of 30,000 points a side", &huge),
            ("too wide", &wide),
        ] {
            assert!(draw(bytes).is_none(), "{what}");
        }
    }
}
