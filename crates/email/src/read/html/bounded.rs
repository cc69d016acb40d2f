//! HTML made harmless for a parser whose effort grows with depth: few tags, shallow, and only those that shape text.

/// Tags kept of one document; the text behind the last one stays.
const TAGS_MAX: usize = 20_000;
/// Elements open at once.
const DEPTH_MAX: usize = 100;
/// Formatting elements open at once: a parser opens all of them again in each new paragraph.
const FORMATTING_MAX: usize = 8;
/// The longest tag, in bytes.
const TAG_MAX: usize = 16 * 1024;

/// Elements without content.
const VOID: [&str; 2] = ["br", "img"];
/// Elements that a parser closes by itself, so that they cannot pile up.
const SELF_CLOSING: [&str; 10] = ["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot"];
const FORMATTING: [&str; 13] = [
    "a", "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];
const BLOCKS: [&str; 37] = [
    "abbr",
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "cite",
    "del",
    "div",
    "dl",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "ins",
    "kbd",
    "main",
    "nav",
    "ol",
    "pre",
    "q",
    "samp",
    "section",
    "span",
    "sub",
    "sup",
    "table",
    "ul",
    "var",
    "caption",
    "time",
];
/// Elements whose content is no text for the reader.
const SILENT: [&str; 11] = [
    "script", "style", "title", "template", "noscript", "svg", "math", "object", "iframe", "textarea", "select",
];
const ATTRIBUTES: [&str; 8] = ["href", "src", "alt", "width", "height", "style", "hidden", "class"];

struct Tag<'a> {
    name: String,
    closing: bool,
    attributes: &'a str,
}

/// An element that is open.
struct Open {
    /// Its name in the document.
    name: String,
    /// Its name in what is written.
    written: &'static str,
}

#[derive(Default)]
struct Writer {
    out: String,
    open: Vec<Open>,
    tags: usize,
}

// ---------------------------------------------------------------------------------------------------------------------

/// The document with the tags that matter, written anew, so that a parser reads exactly what was counted here. Takes
/// time in proportion to its length.
pub(super) fn bounded(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at_checked(at).unwrap_or((rest, ""));
        writer.out.push_str(text);
        rest = writer.take(markup);
    }
    writer.out.push_str(rest);
    writer.out
}

impl Writer {
    /// Takes what begins with `<`, and returns the rest.
    fn take<'a>(&mut self, markup: &'a str) -> &'a str {
        if let Some(comment) = markup.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if markup.starts_with("<!") || markup.starts_with("<?") {
            return markup.split_once('>').map_or("", |(_, rest)| rest);
        }
        let Some((tag, rest)) = Tag::read(markup) else {
            let (text, rest) = markup.split_at_checked(no_tag(markup)).unwrap_or((markup, ""));
            self.out.push_str(&text.replace('<', "&lt;"));
            return rest;
        };
        if SILENT.contains(&tag.name.as_str()) {
            return if tag.closing { rest } else { behind(rest, &tag.name) };
        }
        if self.tags < TAGS_MAX {
            self.tags += 1;
            match tag.closing {
                true => self.close(&tag.name),
                false => self.begin(&tag),
            }
        }
        rest
    }

    fn begin(&mut self, tag: &Tag<'_>) {
        let name = tag.name.as_str();
        let known = |names: &[&'static str]| names.iter().copied().find(|known| *known == name);
        let free = known(&VOID).or_else(|| known(&SELF_CLOSING));
        let formatting = known(&FORMATTING);
        let block = || match tag.is_headline_of_a_quote() {
            true => Some("blockquote"),
            false => known(&BLOCKS),
        };
        if free.is_none() {
            let same = self.open.iter().filter(|open| is_formatting(&open.name)).count();
            let room = self.open.len() < DEPTH_MAX && (formatting.is_none() || same < FORMATTING_MAX);
            let Some(written) = formatting.or_else(block).filter(|_| room) else {
                return;
            };
            if written == "blockquote" {
                self.close_formatting();
            }
            self.open.push(Open {
                name: name.to_owned(),
                written,
            });
        }
        let written = free.or_else(|| self.open.last().map(|open| open.written));
        self.out.push('<');
        self.out.push_str(written.unwrap_or(name));
        self.write_attributes(tag.attributes);
        self.out.push('>');
    }

    /// Ends the marks before a quote, so that none stands behind it alone.
    fn close_formatting(&mut self) {
        while let Some(open) = self.open.pop_if(|open| is_formatting(&open.name)) {
            self.out.push_str(&format!("</{}>", open.written));
        }
    }

    /// Closes as a parser does: a formatting element alone, any other with all that is open inside it, but never beyond
    /// the table that it stands in.
    fn close(&mut self, name: &str) {
        if SELF_CLOSING.contains(&name) {
            self.out.push_str(&format!("</{name}>"));
            return;
        }
        let inner = self.open.iter().rposition(|open| open.name == "table").unwrap_or(0);
        let found = self
            .open
            .iter()
            .rposition(|open| open.name == name)
            .filter(|at| *at >= inner);
        let Some(written) = found.and_then(|at| self.open.get(at)).map(|open| open.written) else {
            return;
        };
        match (found, is_formatting(name)) {
            (Some(at), true) => drop(self.open.remove(at)),
            (Some(at), false) => self.open.truncate(at),
            (None, _) => {}
        }
        self.out.push_str(&format!("</{written}>"));
    }

    fn write_attributes(&mut self, attributes: &str) {
        let mut rest = attributes;
        let mut written = 0;
        while let Some((name, value, after)) = attribute(rest) {
            let lower = name.to_ascii_lowercase();
            if ATTRIBUTES.contains(&lower.as_str()) && written < ATTRIBUTES.len() {
                let safe = value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
                self.out.push_str(&format!(" {lower}=\"{safe}\""));
                written += 1;
            }
            rest = after;
        }
    }
}

impl<'a> Tag<'a> {
    fn read(markup: &'a str) -> Option<(Self, &'a str)> {
        let inside = markup.strip_prefix('<')?;
        let closing = inside.starts_with('/');
        let inside = inside.strip_prefix('/').unwrap_or(inside);
        let name_end = inside
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':')
            .unwrap_or(inside.len());
        let (name, after) = inside.split_at_checked(name_end)?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.len() > 40 {
            return None;
        }
        let (attributes, rest) = after.split_at_checked(tag_end(after)?)?;
        let tag = Self {
            name: name.to_ascii_lowercase(),
            closing,
            attributes,
        };
        Some((tag, rest.strip_prefix('>').unwrap_or(rest)))
    }

    /// Whether it holds who wrote what is quoted below, as Thunderbird marks that.
    fn is_headline_of_a_quote(&self) -> bool {
        let mut rest = self.attributes;
        while let Some((name, value, after)) = attribute(rest).filter(|_| self.name == "div") {
            if name.eq_ignore_ascii_case("class") && value.split_whitespace().any(|class| class == "moz-cite-prefix") {
                return true;
            }
            rest = after;
        }
        false
    }
}

fn is_formatting(name: &str) -> bool {
    FORMATTING.contains(&name)
}

/// How far the text goes that is no tag: where nothing ends a tag for a long while, up to the last `<` at once, so that
/// a document full of beginnings takes no longer than any other.
fn no_tag(markup: &str) -> usize {
    let window = || markup.char_indices().take_while(|(at, _)| *at < TAG_MAX);
    let last = window().filter(|(_, c)| *c == '<').last().map_or(0, |(at, _)| at);
    match window().any(|(_, c)| c == '>') {
        true => 1,
        false => last.max(1),
    }
}

/// Where the tag ends: at the first `>` outside quotes, or, where a quote stays open, at the first of all.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices().take_while(|(at, _)| *at < TAG_MAX) {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    text.char_indices()
        .take_while(|(at, _)| *at < TAG_MAX)
        .find(|(_, c)| *c == '>')
        .map(|(at, _)| at)
}

/// The first attribute, its value, and the rest.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    let name_end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '=' | '/'))
        .unwrap_or(text.len());
    let (name, after) = text.split_at_checked(name_end.max(text.chars().next()?.len_utf8()))?;
    let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else {
        return Some((name, "", after));
    };
    for quote in ['"', '\''] {
        if let Some((value, rest)) = value.strip_prefix(quote).and_then(|value| value.split_once(quote)) {
            return Some((name, value, rest));
        }
    }
    let end = value.find(char::is_whitespace).unwrap_or(value.len());
    let (value, rest) = value.split_at_checked(end)?;
    Some((name, value, rest))
}

/// The text behind the end of a silent element; nothing, where it does not end.
fn behind<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("</") {
        let ends = after
            .get(..name.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(name));
        if ends {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        rest = after;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(html: &str, expect: &str) {
        assert_eq!(bounded(html), expect, "{html}");
    }

    #[test]
    fn tags_that_shape_text_are_written_anew() {
        check("<P Class=x onclick='y'>a<BR/>b</p>", "<p class=\"x\">a<br>b</p>");
        check("<a href=\"x?a=1&amp;b='2'\">x</a>", "<a href=\"x?a=1&amp;b='2'\">x</a>");
        check("<a href=x\"y>z</a>", "<a href=\"x&quot;y\">z</a>");
        check("<img alt='a>b' src=x>", "<img alt=\"a&gt;b\" src=\"x\">");
        check("<p hidden>x", "<p hidden=\"\">x");
    }

    #[test]
    fn everything_else_goes() {
        check("<html><body><o:p>x</o:p><video>y</video>", "xy");
        check("a<!-- <b> -->b<!DOCTYPE x>c<?xml?>d", "abcd");
        check("<style>p{}</style>x<SCRIPT>if (a</b) {}</SCRIPT>y<style>", "xy");
        check("1 < 2 <3", "1 &lt; 2 &lt;3");
        check("</b>x</div>", "x");
        check("<b", "&lt;b");
    }

    #[test]
    fn depth_is_counted_as_a_parser_does() {
        let deep = bounded(&"<div>".repeat(1000));
        assert_eq!(deep.matches("<div>").count(), DEPTH_MAX);
        let hidden_in_tables = bounded(&"<div><table></div>".repeat(1000));
        assert_eq!(hidden_in_tables.matches('<').count(), DEPTH_MAX);
        let adopted = bounded(&"<b><div></b>".repeat(1000));
        assert!(adopted.matches("<div>").count() <= DEPTH_MAX);
    }

    proptest! {
        #[test]
        fn bounding_is_total(html in any::<String>(), likely in "(<|>|/|!--|-->|a|b|=|'|\"| |script|div|table|é){0,60}") {
            let _ = bounded(&html);
            let _ = bounded(&likely);
        }
    }
}
