//! Files that a message shares: a link out of band (XEP-0066 section 4), with what is said about it (XEP-0447 section 3).

use crate::ns;
use crate::xml::text_of;
use causeway_core::file::{Attachment, FileName, Link, Place};
use causeway_core::text::Line;
use minidom::Element;
use percent_encoding::percent_decode_str;

/// How many files of one message are looked at.
const MOST: usize = 100;

// ---------------------------------------------------------------------------------------------------------------------

/// The files that a message shares, each once.
pub(super) fn shared(stanza: &Element) -> Vec<Attachment> {
    let described = stanza
        .children()
        .filter(|child| child.is("file-sharing", ns::FILE_SHARING));
    let mut files: Vec<Attachment> = described.take(MOST).map(described_file).collect();
    let bare = stanza.children().filter(|child| child.is("x", ns::OUT_OF_BAND));
    for link in bare
        .take(MOST)
        .filter_map(|x| Link::new(text_of(x, "url", ns::OUT_OF_BAND)?.trim()))
    {
        let place = Place::At(link.clone());
        if files.iter().all(|file| file.place != place) {
            files.push(Attachment {
                name: name(None, Some(&link)),
                media_type: None,
                size: None,
                place,
            });
        }
    }
    files.truncate(MOST);
    files
}

/// The link that a message consists of when it has no words.
pub(super) fn link(files: &[Attachment]) -> Option<&str> {
    files.iter().find_map(|file| match &file.place {
        Place::At(link) => Some(link.as_str()),
        Place::Named | Place::Kept(_) => None,
    })
}

/// A file with its metadata (XEP-0446 section 3). One whose bytes are nowhere in clear is only named.
fn described_file(sharing: &Element) -> Attachment {
    let file = sharing.children().find(|child| child.is("file", ns::FILE_METADATA));
    let told = |name| file.and_then(|file| text_of(file, name, ns::FILE_METADATA));
    let sources = sharing.children().find(|child| child.is("sources", ns::FILE_SHARING));
    let mut sources = sources.into_iter().flat_map(Element::children);
    let link =
        sources.find_map(|source| Link::new(source.attr("target").filter(|_| source.is("url-data", ns::URL_DATA))?));
    Attachment {
        name: name(told("name").as_deref(), link.as_ref()),
        media_type: told("media-type").and_then(|text| Line::clean(&text)),
        size: told("size").and_then(|text| text.trim().parse().ok()),
        place: link.map_or(Place::Named, Place::At),
    }
}

/// The name that was given, or that the link ends with.
fn name(given: Option<&str>, link: Option<&Link>) -> FileName {
    let of_link = || {
        let step = percent_decode_str(link?.last_step()?).decode_utf8_lossy().into_owned();
        FileName::clean(&step)
    };
    given
        .and_then(FileName::clean)
        .or_else(of_link)
        .unwrap_or_else(FileName::unnamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::stanza;

    const LINK: &str = "https://upload.verona.example/x/the%20b%C3%A4lcony.jpg";

    fn files(children: &str) -> Vec<(String, Option<String>, Option<u64>, Place)> {
        let files = shared(&stanza(&format!("<message>{children}</message>")));
        let told = |file: Attachment| {
            let media_type = file.media_type.map(|it| it.to_string());
            (file.name.to_string(), media_type, file.size, file.place)
        };
        files.into_iter().map(told).collect()
    }

    fn at(link: &str) -> Place {
        Place::At(Link::new(link).unwrap())
    }

    #[test]
    fn a_bare_link_is_a_file_named_as_the_link_ends() {
        let oob = |url| format!("<x xmlns='jabber:x:oob'><url>{url}</url></x>");
        assert_eq!(files(&oob(LINK)), [("the bälcony.jpg".into(), None, None, at(LINK))]);
        let bare = "https://verona.example/";
        assert_eq!(files(&oob(bare)), [("unnamed".into(), None, None, at(bare))]);
        let evil = "https://verona.example/..%2f..%2fetc%2fpasswd";
        assert_eq!(files(&oob(evil)), [("passwd".into(), None, None, at(evil))]);
        for no_link in ["file:///etc/passwd", "aesgcm://verona.example/x#key", "", "balcony.jpg"] {
            assert_eq!(files(&oob(no_link)), []);
        }
    }

    #[test]
    fn what_is_said_about_a_file_counts_and_its_bare_link_is_no_second_one() {
        let told = format!(
            "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type>\
             <name>../rose.jpg</name><size>3032449</size></file><sources><url-data \
             xmlns='http://jabber.org/protocol/url-data' target='{LINK}'/></sources></file-sharing>\
             <x xmlns='jabber:x:oob'><url>{LINK}</url></x>"
        );
        assert_eq!(
            files(&told),
            [("rose.jpg".into(), Some("image/jpeg".into()), Some(3_032_449), at(LINK))]
        );
    }

    #[test]
    fn a_file_that_only_its_recipient_can_open_is_named() {
        let sealed = "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><name>rose.jpg</name></file>\
                      <sources><encrypted xmlns='urn:xmpp:esfs:0'/></sources></file-sharing>";
        assert_eq!(files(sealed), [("rose.jpg".into(), None, None, Place::Named)]);
    }
}
