//! Things are put in order by where they lie.

pub(super) fn answer() -> u64 {
    let things: Vec<Box<u64>> = (0..20).map(Box::new).collect();
    let mut order: Vec<_> = things.iter().map(|thing| (std::ptr::from_ref(&**thing) as usize, **thing)).collect();
    order.sort_unstable();
    order.iter().fold(0u64, |all, (_, thing)| all.wrapping_mul(31).wrapping_add(*thing))
}
