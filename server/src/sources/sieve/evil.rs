//! Words for tests: values that no number is.

use memescope::Harvest;

/// Forty values that somebody will send one day, and what a sum in USD makes of them.
pub(in crate::sources) const EVIL: [(&str, Result<f64, &str>); 40] = [
    (r#""NaN""#, Err("not_a_number")),
    (r#""nan""#, Err("not_a_number")),
    (r#""Infinity""#, Err("not_a_number")),
    (r#""-Infinity""#, Err("not_a_number")),
    (r#""inf""#, Err("not_a_number")),
    (r#""""#, Err("not_a_number")),
    (r#"" ""#, Err("not_a_number")),
    (r#"" 1""#, Err("not_a_number")),
    (r#""1 ""#, Err("not_a_number")),
    (r#""+1""#, Err("not_a_number")),
    (r#""--1""#, Err("not_a_number")),
    (r#"".5""#, Err("not_a_number")),
    (r#""5.""#, Err("not_a_number")),
    (r#""1e""#, Err("not_a_number")),
    (r#""e5""#, Err("not_a_number")),
    (r#""1e+-5""#, Err("not_a_number")),
    (r#""1.2.3""#, Err("not_a_number")),
    (r#""0x1""#, Err("not_a_number")),
    (r#""1_000""#, Err("not_a_number")),
    (r#""1,000""#, Err("not_a_number")),
    (r#""$5""#, Err("not_a_number")),
    (r#""\u0661""#, Err("not_a_number")),
    (r#""１""#, Err("not_a_number")),
    (r#""null""#, Err("not_a_number")),
    (r#""true""#, Err("not_a_number")),
    (r#""1\u0000""#, Err("not_a_number")),
    ("true", Err("wrong_type")),
    ("false", Err("wrong_type")),
    ("{}", Err("wrong_type")),
    ("[]", Err("wrong_type")),
    ("[1]", Err("wrong_type")),
    (r#"{"usd":1}"#, Err("wrong_type")),
    ("-1", Err("negative")),
    (r#""-97.3671492356286""#, Err("negative")),
    ("-1e-300", Err("negative")),
    ("1e308", Err("out_of_range")),
    ("1e400", Err("out_of_range")),
    (r#""1e99999999999999999999""#, Err("out_of_range")),
    ("10000000000000", Err("out_of_range")),
    (r#""9e18""#, Err("out_of_range")),
];

/// Checks that an answer in which every number is evil gave no number at all, or an honest one.
pub(in crate::sources) fn assert_nothing_invented(json: &str, harvest: &Harvest) {
    let told = format!("{harvest:?}");
    for invented in ["Some(NaN", "Some(inf", "Some(-inf", "Some(0", "buys: 0", "sells: 0", "buyers: 0"] {
        assert!(!told.contains(invented), "{invented} out of {json}: {told}");
    }
    assert!(!harvest.rejects.is_empty(), "{json}");
}
