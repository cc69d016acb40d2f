//! HTML as text, with the marks of XEP-0393 and each link once; nothing is ever loaded.

mod bounded;

use bounded::bounded;
use html2text::config;
use html2text::render::TextDecorator;
use html2text::{Element, Handle, RcDom};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// More HTML is cut before it is read, in bytes.
const HTML_MAX: usize = 512 * 1024;
/// Wide enough that no line is broken.
const WIDTH: usize = 100_000;
/// Styles that hide an element.
const HIDING: [&str; 6] = [
    "display:none",
    "visibility:hidden",
    "mso-hide:all",
    "max-height:0",
    "font-size:0",
    "opacity:0;",
];

/// Writes the marks; its clones share the links that were named already.
#[derive(Clone, Debug, Default)]
struct Marks {
    open: Vec<Option<String>>,
    named: Rc<RefCell<BTreeSet<String>>>,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The text of an HTML document. Never fails: where the renderer gives up, the tags are taken out and that is all.
pub(super) fn to_text(html: &str) -> String {
    let html = bounded(cut(html));
    let rendered = catch_unwind(AssertUnwindSafe(|| rendered(&html))).ok().flatten();
    tidy(&rendered.unwrap_or_else(|| without_tags(&html)))
}

fn rendered(html: &str) -> Option<String> {
    let config = config::with_decorator(Marks::default())
        .raw_mode(true)
        .no_link_wrapping()
        .allow_width_overflow();
    let dom = config.parse_html(html.as_bytes()).ok()?;
    silence(&dom);
    let tree = config.dom_to_render_tree(&dom).ok()?;
    config.render_to_string(tree, WIDTH).ok()
}

/// Takes out of the document what is not for reading.
fn silence(dom: &RcDom) {
    let mut open: Vec<Handle> = vec![dom.document.clone()];
    while let Some(node) = open.pop() {
        node.children.borrow_mut().retain(is_heard);
        open.extend(node.children.borrow().iter().cloned());
    }
}

fn is_heard(node: &Handle) -> bool {
    let Element { name, attrs, .. } = &node.data else {
        return true;
    };
    let attribute = |wanted: &str| {
        let attrs = attrs.borrow();
        let found = attrs.iter().find(|attr| &*attr.name.local == wanted);
        found.map(|attr| attr.value.to_string())
    };
    let tag: &str = &name.local;
    let style: String = attribute("style")
        .unwrap_or_default()
        .to_lowercase()
        .split_whitespace()
        .collect();
    let hidden = attribute("hidden").is_some() || HIDING.iter().any(|words| format!("{style};").contains(words));
    let pixel = tag == "img"
        && ["width", "height"]
            .iter()
            .any(|side| matches!(attribute(side).as_deref(), Some("0" | "1")));
    // RFC 9788 section 3.1: a copy of header fields for old programs.
    let legacy = attribute("class").is_some_and(|class| class.contains("header-protection-legacy-display"));
    !hidden && !pixel && !legacy
}

impl TextDecorator for Marks {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        let web = url.starts_with("http://") || url.starts_with("https://");
        let url = url.trim().to_owned();
        let fresh = web && self.named.borrow_mut().insert(url.clone());
        self.open.push(fresh.then_some(url));
        (String::new(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        self.open
            .pop()
            .flatten()
            .map_or_else(String::new, |url| format!(" <{url}>"))
    }

    fn decorate_em_start(&self) -> (String, ()) {
        ("_".to_owned(), ())
    }

    fn decorate_em_end(&self) -> String {
        "_".to_owned()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        ("*".to_owned(), ())
    }

    fn decorate_strong_end(&self) -> String {
        "*".to_owned()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        ("~".to_owned(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        "~".to_owned()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        ("`".to_owned(), ())
    }

    fn decorate_code_end(&self) -> String {
        "`".to_owned()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _src: &str, title: &str) -> (String, ()) {
        let named = !title.trim().is_empty();
        (
            if named {
                format!("[{}]", title.trim())
            } else {
                String::new()
            },
            (),
        )
    }

    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, i: i64) -> String {
        format!("{i}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        Self {
            open: Vec::new(),
            named: Rc::clone(&self.named),
        }
    }

    fn finalise(&mut self, _urls: Vec<String>) -> Vec<html2text::render::TaggedLine<()>> {
        Vec::new()
    }
}

/// Takes away what the renderer leaves: links that only repeat the words before them, empty marks, runs of empty lines.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines() {
        let line = without_doubled_links(without_indent(line.trim_end_matches([' ', '\u{a0}'])));
        blank = if line.trim().is_empty() { blank + 1 } else { 0 };
        if blank < 2 {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.trim_end().to_owned()
}

/// A quote in a list is a quote.
fn without_indent(line: &str) -> &str {
    let plain = line.trim_start_matches(' ');
    match plain.starts_with("> ") || plain == ">" {
        true => plain,
        false => line,
    }
}

fn without_doubled_links(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(" <http") {
        out.push_str(before);
        let (url, tail) = after.split_once('>').unwrap_or((after, ""));
        let url = format!("http{url}");
        let bare = url
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let said = before.trim_end_matches('/').trim_end_matches(['_', '*', '`']);
        if !said.ends_with(bare) {
            out.push_str(&format!(" <{url}>"));
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                out.push(' ');
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

fn cut(html: &str) -> &str {
    let mut end = html.len().min(HTML_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(html: &str, expect: &str) {
        assert_eq!(to_text(html), expect, "{html}");
    }

    #[test]
    fn paragraphs_marks_and_lists_become_text() {
        check(
            "<p>Good <b>night</b>, <i>good</i> night!</p><p>Parting</p>",
            "Good *night*, _good_ night!\n\nParting",
        );
        check("one<br>two<div>three</div>", "one\ntwo\nthree");
        check("<ul><li>rose<li>thorn</ul>", "- rose\n- thorn");
        check("<ol><li>rose<li>thorn</ol>", "1. rose\n2. thorn");
        check(
            "<blockquote><p>Shall I?</p></blockquote><p>Yes</p>",
            "> Shall I?\n\nYes",
        );
        check("a&nbsp;&amp;&nbsp;b &lt;c&gt;", "a\u{a0}&\u{a0}b <c>");
    }

    #[test]
    fn what_programs_quote_can_be_cut() {
        for (html, expect) in [
            // Apple Mail
            (
                r#"<div>Yes.</div><div><br><blockquote type="cite"><div>On 21 Nov 2026, at 10:00, Romeo &lt;romeo@mail.example.org&gt; wrote:</div><br><div>Shall I?</div></blockquote></div>"#,
                "Yes. [...]",
            ),
            // Gmail
            (
                r#"<div dir=ltr>Yes.</div><br><div class="gmail_quote"><div class="gmail_attr">On Sat, Nov 21, 2026 at 10:00 Romeo &lt;<a href="mailto:romeo@mail.example.org">romeo@mail.example.org</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0">Shall I?<br><br>Or not</blockquote></div>"#,
                "Yes. [...]",
            ),
            // Thunderbird, whose headline may hold neither date nor address
            (
                r#"<p>Yes.</p><div class="moz-cite-prefix">Romeo schrieb:<br></div><blockquote type="cite" cite="mid:x"><pre>Shall I?</pre></blockquote><br>"#,
                "Yes. [...]",
            ),
            (
                r#"<div class="moz-cite-prefix">Romeo <div>schrieb</div>:</div><blockquote type="cite">Shall I?</blockquote><p>Yes.</p>"#,
                "Yes. [...]",
            ),
            // Within marks and lists
            (
                r#"<b>Yes.<blockquote type="cite">Shall I?</blockquote></b>"#,
                "*Yes.* [...]",
            ),
            (
                r#"<a href="http://example.com/">Yes.<blockquote type="cite">Shall I?</blockquote></a>"#,
                "Yes. <http://example.com/> [...]",
            ),
            (
                r#"<ul><li>Yes.<blockquote type="cite">Shall I?</blockquote></ul>"#,
                "- Yes. [...]",
            ),
            (r#"<p>Yes.</p><blockquote type="cite"><p>Shall I?"#, "Yes. [...]"),
            // A forwarded mail is no quote
            (
                r#"<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Romeo</div>Shall I?</div>"#,
                "---------- Forwarded message ---------\nFrom: Romeo\nShall I?",
            ),
        ] {
            assert_eq!(crate::quote::cut(&to_text(html), Some("Re: x")).text, expect, "{html}");
        }
    }

    #[test]
    fn a_link_is_named_once() {
        check(
            "<a href='https://example.com/x'>here</a> and <a href='https://example.com/x'>there</a>",
            "here <https://example.com/x> and there",
        );
        check(
            "<a href='https://example.com/'>https://example.com</a>",
            "https://example.com",
        );
        check(
            "<a href='mailto:juliet@example.com'>juliet@example.com</a>",
            "juliet@example.com",
        );
        check("<a href='javascript:alert(1)'>x</a>", "x");
    }

    #[test]
    fn what_is_not_for_reading_is_dropped() {
        check(
            "<head><title>t</title><style>p{}</style></head><p>hi</p><script>x()</script>",
            "hi",
        );
        check(
            "<div style='display: none'>preheader</div><span hidden>x</span><p>hi</p>",
            "hi",
        );
        check(
            "<img src=x width=1 height=1 alt=beacon><img src=y alt='a rose'>hi",
            "[a rose]hi",
        );
        check("<hr><p>hi</p>", "hi");
        check("", "");
    }

    #[test]
    fn tables_are_flattened() {
        check(
            "<table><tr><td>one</td><td>two</td></tr><tr><td>three</td></tr></table>",
            "one\ntwo\nthree",
        );
    }

    #[test]
    fn deep_and_wide_documents_end() {
        let text = to_text(&format!("{}hi", "<div>".repeat(100_000)));
        assert!(text.len() < 10, "{text}");
        let _ = to_text(&"<table><tr><td>".repeat(30_000));
        let _ = to_text(&"<blockquote>".repeat(40_000));
        let _ = to_text(&"<b><i>".repeat(40_000));
    }

    proptest! {
        #[test]
        fn rendering_is_total(html in "(<(/)?(p|b|a href=x|table|tr|td|ul|li|blockquote|pre|img alt=x|div style='x')>|[a-z&;<> ]){0,40}") {
            let _ = to_text(&html);
        }
    }
}
