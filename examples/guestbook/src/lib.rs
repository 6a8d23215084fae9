//! One process in two worlds: a server that keeps what its guests write.
//!
//! `cargo run -p guestbook` serves on port 4500, `cargo test -p guestbook` simulates the same source.

use simfuzz::fs::File;
use simfuzz::io::{self, AsyncBufReadExt, BufReader};
use simfuzz::prelude::*;
use simfuzz::sync::Mutex;
use std::sync::Arc;

/// Answers each line with its number once it is safe on the disk.
#[derive(Debug)]
pub struct Guestbook;

/// The book, for one guest at a time: else two would get the same number.
type Book = Arc<Mutex<File>>;

/// A guest who says nothing for so long is shown out.
const PATIENCE: Duration = Duration::from_secs(60);

#[async_trait(?Send)]
impl Process for Guestbook {
    fn name(&self) -> &str {
        "guestbook"
    }

    async fn run(&mut self, ctx: &SimContext) -> SimulationResult<()> {
        let book = Arc::new(Mutex::new(ctx.storage().open("book").await?));
        ctx.storage().sync_dir("/").await?;
        let listener = ctx.network().bind(ctx.my_ip()).await?;
        loop {
            select! {
                () = ctx.shutdown().cancelled() => return Ok(()),
                guest = listener.accept() => {
                    let (stream, _) = guest?;
                    let (ctx, book) = (ctx.clone(), Arc::clone(&book));
                    // a guest whose line fails is none of the others' business
                    ctx.clone().task().spawn(async move { receive(&ctx, &book, stream).await });
                }
            }
        }
    }
}

/// Serves one guest to the end.
async fn receive(ctx: &SimContext, book: &Book, stream: TcpStream) -> io::Result<()> {
    let (reads, mut writes) = stream.into_split();
    let mut lines = BufReader::new(reads);
    loop {
        let mut line = String::new();
        let read = ctx.time().timeout(PATIENCE, lines.read_line(&mut line));
        if read.await?? == 0 {
            return Ok(());
        }
        let number = keep(book, line.trim_end()).await?;
        writes.write_all(format!("{number} {}\n", line.trim_end()).as_bytes()).await?;
    }
}

/// Puts a line into the book, and gives its number.
async fn keep(book: &Book, line: &str) -> io::Result<usize> {
    let book = book.lock().await;
    // one write, so that a crash leaves at most one line torn
    book.append(format!("{line}\n").as_bytes()).await?;
    book.sync_all().await?;
    Ok(book.read_all().await?.iter().filter(|&&byte| byte == b'\n').count())
}
