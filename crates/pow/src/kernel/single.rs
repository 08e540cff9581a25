//! Hashes one message after another, whatever its shape. It handles what no faster kernel can, and
//! the faster kernels are checked against it.

use std::ops::Range;

use crate::layout::Layout;
use crate::work::Work;

/// Returns the lowest index of a range whose candidate is a solution. The range must lie in the
/// segment of the layout.
pub(super) fn first_solution(
    work: &Work,
    layout: &mut Layout,
    mut range: Range<u64>,
) -> Option<u64> {
    range.find(|index| {
        layout.write(*index);
        let mut state = layout.midstate;
        layout.hash.compress(&mut state, &layout.blocks);
        work.goal.is_met_by(&layout.hash.finish(state))
    })
}
