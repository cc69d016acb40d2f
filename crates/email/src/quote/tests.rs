use super::*;
use proptest::prelude::*;

fn check(text: &str, expect: &str) {
    answer(text, Some("Re: the balcony"), expect);
}

fn answer(text: &str, subject: Option<&str>, expect: &str) {
    let cut = cut(text, subject);
    assert_eq!(cut.text, expect);
    assert_eq!(cut.cut, expect.ends_with(ELLIPSIS) && !text.ends_with(ELLIPSIS));
}

#[test]
fn a_letter_without_quotes_stays() {
    check(
        "Good night, good night!\n\nParting is such sweet sorrow",
        "Good night, good night!\n\nParting is such sweet sorrow",
    );
    check("", "");
    check("\n\n", "\n\n");
}

#[test]
fn the_quote_below_an_answer_goes_with_its_headline() {
    check(
        "Yes.\n\nOn Mon, 1 Jan 2024, Romeo <romeo@mail.example.org> wrote:\n> Shall I?\n>\n> Or not?\n",
        "Yes. [...]",
    );
    check(
        "Yes.\n\nOn Mon, 1 Jan 2024 at 12:00, Romeo Montague\n<romeo@mail.example.org> wrote:\n\n> Shall I?\n",
        "Yes. [...]",
    );
    check("Ja.\n\nAm 01.01.2024 um 12:00 schrieb Romeo:\n> Soll ich?", "Ja. [...]");
    check(
        "Yes.\n\nOn Mon, Jan 1, 2024 at 12:00 PM Romeo Montague <romeo@mail.example.org>\nwrote:\n\n> Shall I?\n",
        "Yes. [...]",
    );
}

#[test]
fn words_right_above_the_headline_stay() {
    check("Yes.\nOn 1 Jan 2024, romeo@mail.example.org wrote:\n> x", "Yes. [...]");
    check(
        "Come at 12:30\nRomeo <romeo@mail.example.org> wrote:\n> x",
        "Come at 12:30 [...]",
    );
    check(
        "I thought about it all night and all day.\nRomeo <romeo@mail.example.org> wrote:\n> x",
        "I thought about it all night and all day. [...]",
    );
}

#[test]
fn a_sentence_with_a_colon_is_no_headline() {
    check("Here is what I mean:\n> Shall I?", "Here is what I mean: [...]");
    check(
        "One\nTwo\nThree\nOn 1 Jan 2024 a@b.example wrote:\n> x",
        "One\nTwo\nThree [...]",
    );
}

#[test]
fn the_quote_above_an_answer_goes() {
    check("On Mon, 1 Jan 2024, Romeo wrote:\n> Shall I?\n\nYes.", "Yes. [...]");
    check("> Shall I?\nYes.", "Yes. [...]");
}

#[test]
fn answers_between_quotes_stay_where_they_are() {
    check(
        "> Shall I come?\n\nYes.\n\n> And the nurse?\n\nAsleep.\n\n> Good.\n",
        "> Shall I come?\n\nYes.\n\n> And the nurse?\n\nAsleep. [...]",
    );
    check(
        "> Shall I come?\nYes.\n> And the nurse?\nAsleep.",
        "> Shall I come?\nYes.\n> And the nurse?\nAsleep.",
    );
}

#[test]
fn the_signature_goes() {
    check("Yes.\n-- \nJuliet Capulet\nVerona", "Yes. [...]");
    check("Yes.\n\n--\nJuliet Capulet", "Yes. [...]");
    check("a\n--\nb", "a\n--\nb");
    check(
        "Yes.\n\n-- \nJuliet\n\nOn 1 Jan 2024, romeo@mail.example.org wrote:\n> x\n> -- \n> R",
        "Yes. [...]",
    );
    let long = format!("Yes.\n-- \n{}", "more\n".repeat(16));
    check(&long, &long);
}

#[test]
fn an_old_mail_without_marks_goes_from_an_answer_only() {
    let old = "Yes.\n\n-----Original Message-----\nFrom: Romeo <romeo@mail.example.org>\nSent: Monday\nTo: Juliet\n\nShall I?";
    check(old, "Yes. [...]");
    answer(old, Some("FW: the balcony"), old);
    answer(old, None, old);
    check(
        "Yes.\n________________________________\nVon: Romeo\nGesendet: 1. Januar 2024\nAn: Juliet\nBetreff: x\n\ny",
        "Yes. [...]",
    );
    check(
        "Yes.\n\n*From:* Romeo\n*Sent:* 1 January 2024\n*To:* Juliet\n*Subject:* RE: The balcony\n\nShall I?",
        "Yes. [...]",
    );
    let list = "Please note:\n\nName: Juliet\nPhone: 12\nStreet: Via Cappello\nTown: Verona\n\nThanks";
    check(list, list);
    check("Yes.\n-----\nno header here", "Yes.\n-----\nno header here");
    check(
        "Yes.\n__________\nList: a\nFooter: b",
        "Yes.\n__________\nList: a\nFooter: b",
    );
}

#[test]
fn when_nothing_would_remain_all_stays() {
    check("> Shall I?\n> Yes?", "> Shall I?\n> Yes?");
    check(
        "On 1 Jan 2024 romeo@mail.example.org wrote:\n> x",
        "On 1 Jan 2024 romeo@mail.example.org wrote:\n> x",
    );
    check("-- \nJuliet", "-- \nJuliet");
}

fn flows(text: &str, delsp: bool, expect: &str) {
    assert_eq!(unflow(text, delsp), expect);
}

#[test]
fn flowed_lines_are_joined() {
    flows("one \ntwo\nthree", false, "one two\nthree");
    flows("on \ne\nthree", true, "one\nthree");
    flows("a\n-- \nJuliet", false, "a\n-- \nJuliet");
    flows("a \n-- \nJuliet", false, "a \n-- \nJuliet");
}

#[test]
fn stuffed_and_quoted_lines_keep_their_depth() {
    flows(" >not a quote\n From here", false, ">not a quote\nFrom here");
    flows("> one \n> two\nmine \n> three", false, "> one two\nmine \n> three");
    flows(">> one \n>> two", false, ">> one two");
}

prop_compose! {
    fn words()(lines in prop::collection::vec("[a-z]{1,8}( [a-z]{1,8}){0,3}", 1..4)) -> String {
        lines.join("\n")
    }
}

proptest! {
    #[test]
    fn cutting_is_total(text in "([>\\-_ :@a1\\n]|-- \\n|\\n> ){0,60}", subject in prop::option::of("(Re: |Fwd: )?[a-z]*")) {
        let cut = cut(&text, subject.as_deref());
        prop_assert!(cut.cut || cut.text == text);
    }

    #[test]
    fn the_authors_words_between_quotes_are_never_lost(parts in prop::collection::vec((words(), words()), 1..5), tail in words()) {
        let mut text = String::new();
        for (quote, own) in &parts {
            for line in quote.lines() {
                text.push_str(&format!("> {line}\n"));
            }
            text.push_str(&format!("\n{own}\n\n"));
        }
        for line in tail.lines() {
            text.push_str(&format!("> {line}\n"));
        }
        let shown = cut(&text, Some("Re: x")).text;
        for (_, own) in &parts {
            prop_assert!(shown.contains(own.as_str()), "{} lost from {}", own, shown);
        }
    }

    #[test]
    fn unflowing_is_total(text in any::<String>(), delsp in any::<bool>()) {
        let _ = unflow(&text, delsp);
    }
}
