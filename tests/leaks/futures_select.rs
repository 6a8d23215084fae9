//! Another crate's `select!`, whose counter is the process's: as a dependency may use it.

use std::future::ready;

pub(super) fn answer() -> u64 {
    super::now(async {
        let (mut one, mut other) = (futures_util::future::ready(1), futures_util::future::ready(2));
        let first = futures_util::select! {
            first = one => first,
            second = other => second,
        };
        first + ready(10).await
    })
}
