//! Work without order, shared among the cores of the machine.

use std::num::NonZero;
use std::thread;

/// Does `work` to shares of `items`, one share a core but none smaller than `least`, and returns the answers in the order
/// of the items.
pub(super) fn share<T: Sync, R: Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = cores.min(items.len() / least.max(1)).max(1);
    let share = items.len().div_ceil(workers).max(1);
    let (mine, others) = items.split_at(share.min(items.len()));
    thread::scope(|scope| {
        let workers: Vec<_> = others.chunks(share).map(|theirs| scope.spawn(|| work(theirs))).collect();
        let mut answers = work(mine);
        for worker in workers {
            // What panics here is ours.
            answers.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        answers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        let double = |items: &[usize]| items.iter().map(|item| item * 2).collect();
        for count in [0, 1, 2, 7, 8, 9, 100, 1001] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(share(&items, 8, double), (0..count).map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
