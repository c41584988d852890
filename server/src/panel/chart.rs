//! Calls over time, as bars.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::clock::from_epoch_ms;
use crate::storage::HourOfUse;
use crate::usage::hour_of;

/// Bars of equal spans of time, oldest first, the last one not over yet.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) requests: u64,
    pub(super) refusals: u64,
    /// Units of the drawing across.
    pub(super) width: usize,
    /// What the top of the drawing stands for.
    pub(super) top: u64,
}

/// The calls of one span.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) requests: u64,
    pub(super) refusals: u64,
    /// Left edge, in units.
    pub(super) x: usize,
    /// Heights of what passed and of what was refused, in units.
    pub(super) passed_height: u64,
    pub(super) refused_height: u64,
    pub(super) passed_y: u64,
    pub(super) refused_y: u64,
}

impl Chart {
    /// Height of the drawing, in units.
    pub(super) const HEIGHT: u64 = 120;
    /// Units from one bar to the next.
    pub(super) const STEP: usize = 16;
    /// Units of a bar across.
    pub(super) const BAR: usize = 11;

    /// The last 24 hours.
    pub(super) fn day(hours: &[HourOfUse], now: OffsetDateTime) -> Self {
        Self::new(hours, hour_of(now), 1, 24)
    }

    /// The last 30 days, as UTC has them.
    pub(super) fn month(hours: &[HourOfUse], now: OffsetDateTime) -> Self {
        Self::new(hours, hour_of(now).div_euclid(24) * 24 + 23, 24, 30)
    }

    /// The first hour that any of them shows.
    pub(super) fn first_hour(now: OffsetDateTime) -> i64 {
        (hour_of(now).div_euclid(24) - 29) * 24
    }

    fn new(hours: &[HourOfUse], last_hour: i64, span: i64, count: i64) -> Self {
        let mut bars: Vec<Bar> = (0..count)
            .map(|n| {
                let first = last_hour - span * (count - n) + 1;
                let within = hours.iter().filter(|hour| (first..first + span).contains(&hour.hour));
                let (requests, refusals) = within.fold((0_u64, 0_u64), |(all, bad), hour| {
                    (all.saturating_add(hour.requests), bad.saturating_add(hour.refusals))
                });
                Bar {
                    label: label(first, span),
                    requests,
                    refusals,
                    x: usize::try_from(n).unwrap_or_default() * Self::STEP,
                    passed_height: 0,
                    refused_height: 0,
                    passed_y: 0,
                    refused_y: 0,
                }
            })
            .collect();
        let top = bars.iter().map(|bar| bar.requests).max().unwrap_or_default().max(1);
        for bar in &mut bars {
            // What happened at all is seen: one unit at least.
            let height =
                |calls: u64| if calls == 0 { 0 } else { (calls.saturating_mul(Self::HEIGHT - 4) / top).max(2) };
            bar.refused_height = height(bar.refusals);
            bar.passed_height = height(bar.requests.saturating_sub(bar.refusals));
            bar.passed_y = Self::HEIGHT - bar.passed_height;
            bar.refused_y = bar.passed_y.saturating_sub(bar.refused_height);
        }
        Self {
            requests: bars.iter().map(|bar| bar.requests).sum(),
            refusals: bars.iter().map(|bar| bar.refusals).sum(),
            width: bars.len() * Self::STEP,
            top,
            bars,
        }
    }
}

fn label(hour: i64, span: i64) -> String {
    let at = from_epoch_ms(hour.saturating_mul(3_600_000));
    let text = if span == 1 {
        at.format(format_description!("[month]-[day] [hour]:00"))
    } else {
        at.format(format_description!("[year]-[month]-[day]"))
    };
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tollgate_apikey::Mode;

    use super::*;
    use crate::account::MerchantId;

    #[test]
    fn sums_by_hour_and_by_day_and_leaves_out_the_rest() {
        // 2026-01-01T00:30:00Z
        let now = OffsetDateTime::from_unix_timestamp(1_767_227_400).unwrap();
        let merchant = MerchantId::new("COL", "ABCDE").unwrap();
        let hour = |back: i64, requests, refusals| HourOfUse {
            merchant: merchant.clone(),
            mode: Mode::Test,
            hour: hour_of(now) - back,
            requests,
            refusals,
        };
        let hours = [hour(24 * 29 + 1, 1000, 0), hour(25, 5, 1), hour(24, 7, 0), hour(23, 100, 10), hour(0, 50, 50)];
        let day = Chart::day(&hours, now);
        assert_eq!((day.bars.len(), day.requests, day.refusals, day.top), (24, 150, 60, 100));
        assert_eq!((day.bars[0].label.as_str(), day.bars[0].requests), ("12-31 01:00", 100));
        assert_eq!((day.bars[23].label.as_str(), day.bars[23].passed_height), ("01-01 00:00", 0));
        let month = Chart::month(&hours, now);
        assert_eq!((month.bars.len(), month.requests, month.refusals), (30, 162, 61));
        assert_eq!((month.bars[29].label.as_str(), month.bars[29].requests), ("2026-01-01", 50));
        assert_eq!((month.bars[28].requests, month.bars[27].requests), (107, 5));
        assert_eq!(Chart::first_hour(now), hour_of(now) - 24 * 29);
    }
}
