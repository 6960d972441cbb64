//! Attachments and raw texts, as bytes that cannot run.

use std::io::{Read, Seek, SeekFrom};
use std::ops::RangeInclusive;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::Content;
use crate::web::cache::is_unchanged;
use crate::web::error::Failure;
use crate::web::extract::Fields;
use crate::web::site::Site;
use crate::wiki::{Document, MAX_TEXT};

/// How much is read at a time.
const PIECE: usize = 64 * 1024;
/// Nothing that an attachment contains may run, whatever a browser takes it for.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// Serves the bytes of an attachment; pictures inline, everything else as a download.
pub(in crate::web) fn serve(
    site: &Site,
    headers: &HeaderMap,
    query: &Fields,
    document: &Document,
) -> Result<Response, Failure> {
    let winner = document.winner().ok_or_else(Failure::internal)?;
    let kind = kind_of(site, document, winner.id)?;
    let mut response = bytes(site, headers, document, winner.id, false)?;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.mime));
    let inline = kind.inline && query.find("download").is_none();
    fields.insert(header::CONTENT_DISPOSITION, disposition(inline, document.path().file_name()));
    Ok(response)
}

/// Tells by its name whether an attachment is worth showing as a picture. Whether the bytes are one
/// is told when they are served.
pub(in crate::web) fn is_picture(path: &DocPath) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let pictures = ["png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "svg"];
    pictures.contains(&extension.as_str())
}

/// Serves the raw text of a page.
pub(in crate::web) fn raw_text(
    site: &Site,
    headers: &HeaderMap,
    document: &Document,
) -> Result<Response, Failure> {
    let winner = document.winner().ok_or_else(Failure::internal)?;
    if winner.length <= MAX_TEXT {
        // What is damaged is not sent. A larger content is not read twice.
        site.wiki().content(document, winner.id)?;
    }
    let mut response = bytes(site, headers, document, winner.id, false)?;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    Ok(response)
}

/// Serves the bytes of one revision, which never change.
pub(in crate::web) fn revision_bytes(
    site: &Site,
    headers: &HeaderMap,
    document: &Document,
    id: RevisionId,
) -> Result<Response, Failure> {
    let mut response = bytes(site, headers, document, id, true)?;
    let fields = response.headers_mut();
    if document.path().is_page() {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    } else {
        let kind = kind_of(site, document, id)?;
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.mime));
        fields.insert(
            header::CONTENT_DISPOSITION,
            disposition(kind.inline, document.path().file_name()),
        );
    }
    Ok(response)
}

/// What a browser is told of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    mime: &'static str,
    /// It may be shown in place; otherwise it is offered as a download.
    inline: bool,
}

const DOWNLOAD: Kind = Kind { mime: "application/octet-stream", inline: false };

/// Tells the kind by the first bytes; the name alone is never believed.
fn kind_of(site: &Site, document: &Document, id: RevisionId) -> Result<Kind, Failure> {
    let mut content = site.wiki().open_content(document, id)?;
    let mut first = [0; 32];
    let read = content.reader.read(&mut first).unwrap_or(0);
    let extension = document.path().extension().unwrap_or_default().to_ascii_lowercase();
    Ok(sniff(&first[..read], &extension))
}

fn sniff(first: &[u8], extension: &str) -> Kind {
    let picture = |mime| Kind { mime, inline: true };
    match first {
        [0x89, b'P', b'N', b'G', ..] => picture("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => picture("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => picture("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => picture("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => {
            picture("image/avif")
        }
        [b'B', b'M', ..] if extension == "bmp" => picture("image/bmp"),
        [0, 0, 1, 0, ..] if extension == "ico" => picture("image/x-icon"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Kind { mime: "application/pdf", inline: false },
        // As a picture in a page it is inert; opened by itself it is a download in a sandbox.
        _ if extension == "svg" => Kind { mime: "image/svg+xml", inline: false },
        _ => DOWNLOAD,
    }
}

fn disposition(inline: bool, name: &str) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

/// Serves a content or the range of it that was asked for.
fn bytes(
    site: &Site,
    headers: &HeaderMap,
    document: &Document,
    id: RevisionId,
    immutable: bool,
) -> Result<Response, Failure> {
    let revision =
        document.revision(id).ok_or_else(|| Failure::not_found("There is no such revision."))?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", &revision.digest.to_hex()[..32]))
        .map_err(|_| Failure::internal())?;
    let mut response = if is_unchanged(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content = site.wiki().open_content(document, id)?;
        match requested_range(headers, &etag, content.length) {
            Ok(None) => whole(content)?,
            Ok(Some(range)) => part(content, range)?,
            Err(()) => {
                let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
                let all = HeaderValue::from_str(&format!("bytes */{}", content.length))
                    .map_err(|_| Failure::internal())?;
                response.headers_mut().insert(header::CONTENT_RANGE, all);
                response
            }
        }
    };
    let fields = response.headers_mut();
    fields.insert(header::ETAG, etag);
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    let policy =
        if immutable { "private, max-age=31536000, immutable" } else { "private, no-cache" };
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    Ok(response)
}

/// Reads the `Range` header: nothing, one range, or one that cannot be satisfied.
fn requested_range(
    headers: &HeaderMap,
    etag: &HeaderValue,
    length: u64,
) -> Result<Option<RangeInclusive<u64>>, ()> {
    let Some(range) = headers.get(header::RANGE).and_then(|v| v.to_str().ok()) else {
        return Ok(None);
    };
    // A range of something else than the browser has would not fit to what it has.
    if headers.get(header::IF_RANGE).is_some_and(|v| v != etag) {
        return Ok(None);
    }
    let Ok(parsed) = http_range_header::parse_range_header(range) else { return Ok(None) };
    let ranges = parsed.validate(length).map_err(drop)?;
    // Several ranges at once are rare and costly; the whole is a correct answer.
    Ok(if ranges.len() == 1 { ranges.into_iter().next() } else { None })
}

fn whole(content: Content) -> Result<Response, Failure> {
    let length = content.length;
    let mut response = stream(content, length)?;
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    Ok(response)
}

fn part(mut content: Content, range: RangeInclusive<u64>) -> Result<Response, Failure> {
    let (first, last, all) = (*range.start(), *range.end(), content.length);
    content.reader.seek(SeekFrom::Start(content.start + first)).map_err(|_| Failure::internal())?;
    let length = last - first + 1;
    let mut response = stream(content, length)?;
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let shown = HeaderValue::from_str(&format!("bytes {first}-{last}/{all}"))
        .map_err(|_| Failure::internal())?;
    response.headers_mut().insert(header::CONTENT_RANGE, shown);
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    Ok(response)
}

/// Sends `length` bytes from where the reader stands, never holding more than a few pieces.
fn stream(mut content: Content, length: u64) -> Result<Response, Failure> {
    if length <= PIECE as u64 {
        let mut small = Vec::with_capacity(length as usize);
        content.reader.take(length).read_to_end(&mut small).map_err(|_| Failure::internal())?;
        return Ok(Body::from(small).into_response());
    }
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut left = length;
        while left > 0 {
            let mut piece = vec![0; PIECE.min(left as usize)];
            let sent = content.reader.read_exact(&mut piece).map(|()| Bytes::from(piece));
            left = left.saturating_sub(PIECE as u64);
            let failed = sent.is_err();
            // The receiver is gone when the visitor has left.
            if sender.blocking_send(sent).is_err() || failed {
                return;
            }
        }
    });
    Ok(Body::from_stream(ReceiverStream::new(receiver)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_is_never_shown_inline() {
        assert!(sniff(b"\x89PNG\r\n\x1a\n", "png").inline);
        for (content, extension) in [
            (&b"<script>alert(1)</script>"[..], "png"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "svg"),
            (b"<!doctype html>", "html"),
            (b"<?xml version='1.0'?>", "xml"),
            (b"%PDF-1.7", "pdf"),
            (b"", "jpg"),
        ] {
            let kind = sniff(content, extension);
            assert!(!kind.inline, "{extension}");
            assert!(!kind.mime.starts_with("text/"), "{extension}");
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let value = disposition(false, "a\"b\r\nSet-Cookie: x=ü.txt");
        let text = value.to_str().unwrap();
        assert!(
            text.starts_with(
                "attachment; filename=\"a_b__Set-Cookie:_x=_.txt\"; filename*=UTF-8''"
            ),
            "{text}"
        );
        assert!(!text.contains('\r') && !text.contains('\n'));
    }
}
