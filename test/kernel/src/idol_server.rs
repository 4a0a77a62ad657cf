//! The tested server: what its ops do.

use crate::idl::idol_test::InOrderIdolTestImpl;
use crate::idol_types::{Colour, IdolTestError, Plot, Reading, Shape};
use core::convert::Infallible;
use idol_runtime::{CallInfo, Leased, R, RW, RequestError};

/// The server; it remembers nothing.
pub struct IdolServer;

/// Longest slice that `sum` takes, in elements.
const NUMBERS_MAX: usize = 4;

type Failable<T> = Result<T, RequestError<IdolTestError>>;
type Sure<T> = Result<T, RequestError<Infallible>>;

impl InOrderIdolTestImpl for IdolServer {
    fn notification_mask(&self) -> u32 {
        0
    }

    fn handle_notification(&mut self, _bits: u32) {}

    fn increment(&mut self, _call: &CallInfo, value: usize) -> Sure<usize> {
        Ok(value.wrapping_add(1))
    }

    fn maybe_increment(&mut self, _call: &CallInfo, value: usize, really: bool) -> Sure<usize> {
        Ok(value.wrapping_add(usize::from(really)))
    }

    fn is_odd(&mut self, _call: &CallInfo, value: usize) -> Sure<bool> {
        Ok(value & 1 != 0)
    }

    fn differ(&mut self, _call: &CallInfo, a: bool, b: bool) -> Sure<bool> {
        Ok(a != b)
    }

    fn fail(&mut self, _call: &CallInfo, how: u8) -> Failable<()> {
        match how {
            0 => Ok(()),
            1 => Err(IdolTestError::Busy.into()),
            _ => Err(IdolTestError::Empty.into()),
        }
    }

    fn echo(&mut self, _call: &CallInfo, reading: Reading) -> Failable<Reading> {
        Ok(reading)
    }

    fn describe(&mut self, _call: &CallInfo, factor: u8, plot: Plot) -> Failable<Plot> {
        Ok(Plot { area: u64::from(factor) * area(plot.shape), ..plot })
    }

    fn paint(&mut self, _call: &CallInfo, colour: Colour, plot: Plot) -> Failable<Plot> {
        Ok(Plot { colour, ..plot })
    }

    fn sum(&mut self, _call: &CallInfo, numbers: Leased<R, [u8]>) -> Sure<u32> {
        let mut copy = [0; NUMBERS_MAX];
        let copy = &mut copy[..numbers.len()];
        numbers.read_range(0, copy)?;
        Ok(copy.iter().map(|number| u32::from(*number)).sum())
    }

    fn count(&mut self, _call: &CallInfo, by: u8, tally: Leased<RW, u32>) -> Failable<()> {
        let sum = tally.read()?.wrapping_add(by.into());
        Ok(tally.write(&sum)?)
    }
}

fn area(shape: Shape) -> u64 {
    match shape {
        Shape::Empty => 0,
        Shape::Square(side) => u64::from(side) * u64::from(side),
        Shape::Rectangle { width, height } => u64::from(width) * u64::from(height),
    }
}
