//! The processes. Each gives what a program can see; what it should be stands above it, after `//>`.

use super::world::prelude::*;
use super::world::{fs, net, sync, task, time};
use super::{folder, world};
use std::io::{self, SeekFrom};
use std::pin::pin;
use tokio::io::{AsyncBufReadExt, AsyncSeekExt, BufReader};

type Story = SimulationResult<Vec<String>>;

fn line(text: impl Into<String>) -> String {
    text.into()
}

fn told<T: std::fmt::Debug>(what: &str, result: io::Result<T>) -> String {
    format!("{what} {:?}", result.map_err(|error| error.kind()))
}

/// Answers each line until the peer ends.
async fn echo(stream: TcpStream) -> io::Result<usize> {
    let mut stream = BufReader::new(stream);
    let mut count = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(count);
        }
        count += 1;
        stream.write_all(line.to_uppercase().as_bytes()).await?;
    }
}

//> one ONE
//> two TWO
//> three THREE
//> the server answered Ok(3)
//> refused true
pub(in super::super) async fn a_connection_is_kept_alive(ctx: SimContext) -> Story {
    let listener = ctx.network().bind((ctx.my_ip(), 0)).await?;
    let addr = listener.local_addr()?;
    let server = ctx.task().spawn(async move {
        let (stream, _) = listener.accept().await?;
        echo(stream).await
    });
    let mut stream = BufReader::new(ctx.network().connect(addr).await?);
    let mut story = Vec::new();
    for word in ["one", "two", "three"] {
        stream.write_all(format!("{word}\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        story.push(format!("{word} {}", answer.trim_end()));
    }
    drop(stream);
    story.push(told("the server answered", server.await?));
    let refused = TcpStream::connect(addr).await.unwrap_err();
    story.push(format!("refused {}", refused.kind() == io::ErrorKind::ConnectionRefused));
    Ok(story)
}

//> "hello"
//> reunited true
//> at its end 0
pub(in super::super) async fn halves_of_a_stream(ctx: SimContext) -> Story {
    let listener = net::TcpListener::bind((ctx.my_ip(), 0)).await?;
    let client = net::TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let (mut reads, writes) = server.into_split();
    let (_, mut sends): (net::tcp::OwnedReadHalf, net::tcp::OwnedWriteHalf) = client.into_split();
    sends.write_all(b"hello").await?;
    drop(sends);
    let mut text = String::new();
    reads.read_to_string(&mut text).await?;
    let mut whole = match reads.reunite(writes) {
        Ok(whole) => whole,
        Err(error) => panic!("{error}"),
    };
    let reunited = whole.local_addr()? == listener.local_addr()?;
    let end = whole.read(&mut [0; 4]).await?;
    Ok(vec![format!("{text:?}"), format!("reunited {reunited}"), format!("at its end {end}")])
}

//> late: deadline has elapsed
//> in time: 7
//> late again: true
//> as an io error: TimedOut
//> long enough: true
pub(in super::super) async fn a_timeout_comes_first_or_not(ctx: SimContext) -> Story {
    let before = ctx.time().now();
    let late = ctx.time().timeout(Duration::from_millis(20), std::future::pending::<()>()).await.unwrap_err();
    let mut story = vec![format!("late: {late}")];
    story.push(format!("in time: {}", time::timeout(Duration::from_secs(5), async { 7 }).await?));
    let deadline = time::Instant::now() + Duration::from_millis(20);
    let again = time::timeout_at(deadline, std::future::pending::<()>()).await;
    story.push(format!("late again: {}", again.is_err() && time::Instant::now() >= deadline));
    story.push(format!("as an io error: {:?}", io::Error::from(late).kind()));
    story.push(format!("long enough: {}", ctx.time().now() - before >= Duration::from_millis(40)));
    Ok(story)
}

//> nothing there Err(NotFound)
//> written Ok(())
//> reads "hello world"
//> at 6 "world"
//> renamed Ok(())
//> gone Ok(false)
//> names ["log"]
//> appended 12 bytes, no directory
//> cut "hello"
//> again Err(AlreadyExists)
pub(in super::super) async fn a_file_is_written_synced_read_back_and_renamed(ctx: SimContext) -> Story {
    let disk = ctx.storage();
    let reading = world::OpenOptions::new().read(true);
    let mut story = vec![told("nothing there", disk.open_with("dir/new", reading).await.map(drop))];
    disk.create_dir_all("dir").await?;
    let file = disk.create("dir/new").await?;
    file.write_all_at(0, b"hello world").await?;
    story.push(told("written", file.sync_all().await));
    let file = disk.open("/dir/new").await?;
    story.push(format!("reads {:?}", String::from_utf8_lossy(&file.read_all().await?)));
    let mut five = [0; 5];
    file.read_exact_at(6, &mut five).await?;
    story.push(format!("at 6 {:?}", String::from_utf8_lossy(&five)));
    story.push(told("renamed", disk.rename("dir/new", "dir/log").await));
    disk.sync_dir("dir").await?;
    story.push(told("gone", disk.exists("dir/new").await));
    story.push(format!("names {:?}", disk.read_dir("dir").await?));
    file.append(b"!").await?;
    let found = disk.metadata("dir/log").await?;
    story.push(format!("appended {} bytes, {} directory", found.len(), if found.is_dir() { "a" } else { "no" }));
    file.set_len(5).await?;
    file.sync_data().await?;
    story.push(format!("cut {:?}", String::from_utf8_lossy(&file.read_all().await?)));
    let new = world::OpenOptions::new().write(true).create_new(true);
    story.push(told("again", disk.open_with("dir/log", new).await.map(drop)));
    Ok(story)
}

//> reads "one"
//> bytes 3
//> copied "one two"
//> entries ["a", "b"]
//> there true
//> gone Err(NotFound)
//> made once Err(AlreadyExists)
pub(in super::super) async fn files_by_their_free_functions(ctx: SimContext) -> Story {
    let folder = folder(&ctx);
    fs::create_dir_all(folder.join("free")).await?;
    let (a, b) = (folder.join("free/a"), folder.join("free/b"));
    fs::write(&a, "one").await?;
    let mut story = vec![format!("reads {:?}", fs::read_to_string(&a).await?)];
    story.push(format!("bytes {}", fs::metadata(&a).await?.len()));
    let mut file: fs::File = fs::OpenOptions::new().append(true).open(&a).await?;
    file.write_all(b" two").await?;
    file.sync_all().await?;
    fs::rename(&a, &b).await?;
    story.push(format!("copied {:?}", String::from_utf8_lossy(&fs::read(&b).await?)));
    fs::File::create(&a).await?;
    let mut entries = fs::read_dir(folder.join("free")).await?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        names.push(entry.file_name());
    }
    names.sort();
    story.push(format!("entries {names:?}"));
    story.push(format!("there {}", fs::try_exists(&b).await?));
    fs::remove_file(&a).await?;
    story.push(told("gone", fs::File::open(&a).await.map(drop)));
    story.push(told("made once", fs::File::create_new(&b).await.map(drop)));
    fs::remove_file(&b).await?;
    fs::remove_dir(folder.join("free")).await?;
    Ok(story)
}

//> wrote without a flush: "0123456789"
//> from 4: "45"
//> at 6
//> over: "0123xx6789"
pub(in super::super) async fn streams_of_files(ctx: SimContext) -> Story {
    let mut file = ctx.storage().open("stream").await?;
    file.write_all(b"0123456789").await?;
    // what was written is there when the write returns
    let mut story = vec![format!("wrote without a flush: {:?}", String::from_utf8_lossy(&file.read_all().await?))];
    file.seek(SeekFrom::Start(4)).await?;
    let mut two = [0; 2];
    file.read_exact(&mut two).await?;
    story.push(format!("from 4: {:?}", String::from_utf8_lossy(&two)));
    story.push(format!("at {}", file.stream_position().await?));
    file.seek(SeekFrom::Current(-2)).await?;
    file.write_all(b"xx").await?;
    story.push(format!("over: {:?}", String::from_utf8_lossy(&file.read_all().await?)));
    Ok(story)
}

//> joined 3
//> local 4
//> aborted true
//> finished true
//> order [1, 2, 3]
//> after its handle is gone: done
pub(in super::super) async fn tasks_are_joined_and_aborted(ctx: SimContext) -> Story {
    let mut story = vec![format!("joined {}", ctx.task().spawn(async { 1 + 2 }).await?)];
    let not_send = std::rc::Rc::new(4);
    story.push(format!("local {}", ctx.task().spawn_local(async move { *not_send }).await?));
    let endless = task::spawn(std::future::pending::<()>());
    endless.abort();
    ctx.time().sleep(Duration::from_millis(5)).await;
    let finished = endless.is_finished();
    story.push(format!("aborted {}", endless.await.is_err_and(|error| error.is_cancelled())));
    story.push(format!("finished {finished}"));
    let (send, mut receive) = sync::mpsc::unbounded_channel();
    for number in 1..=3 {
        let send = send.clone();
        // one after the other
        task::spawn_local(async move { send.send(number).is_ok() }).await?;
    }
    drop(send);
    let mut order = Vec::new();
    while let Some(number) = receive.recv().await {
        order.push(number);
    }
    story.push(format!("order {order:?}"));
    let (tell, told) = sync::oneshot::channel();
    drop(ctx.task().spawn(async move {
        task::yield_now().await;
        tell.send("done")
    }));
    story.push(format!("after its handle is gone: {}", told.await.unwrap_or("lost")));
    Ok(story)
}

//> results [10, 20, 30]
//> none left true
//> aborted true
pub(in super::super) async fn a_set_of_tasks(_: SimContext) -> Story {
    let mut set = task::JoinSet::new();
    for number in [2_u64, 3, 1] {
        set.spawn(async move {
            time::sleep(Duration::from_millis(number * 10)).await;
            number * 10
        });
    }
    let mut results = Vec::new();
    while let Some(result) = set.join_next().await {
        results.push(result?);
    }
    let mut story = vec![format!("results {results:?}"), format!("none left {}", set.is_empty())];
    set.spawn(std::future::pending());
    set.abort_all();
    story.push(format!("aborted {}", set.join_next().await.is_some_and(|result| result.is_err())));
    Ok(story)
}

//> apart 10ms, 10ms, 10ms
//> apart 10ms, 10ms
//> both missed ones came at once: true
pub(in super::super) async fn an_interval_ticks(ctx: SimContext) -> Story {
    let mut interval = ctx.time().interval(Duration::from_millis(10));
    let first = interval.tick().await;
    let mut ticks = vec![first];
    for _ in 0..3 {
        ticks.push(interval.tick().await);
    }
    let apart = |ticks: &[Duration]| ticks.windows(2).map(|two| format!("{:?}", two[1] - two[0])).collect::<Vec<_>>();
    let mut story = vec![format!("apart {}", apart(&ticks).join(", "))];
    ctx.time().sleep(Duration::from_millis(50)).await;
    let now = ctx.time().now();
    let missed = [interval.tick().await, interval.tick().await, interval.tick().await];
    story.push(format!("apart {}", apart(&missed).join(", ")));
    story.push(format!("both missed ones came at once: {}", missed.iter().all(|&due| due <= now)));
    Ok(story)
}

//> in its rhythm true
//> late by less than a period true
//> then a period after true
pub(in super::super) async fn an_interval_leaves_out_what_was_missed(_: SimContext) -> Story {
    let period = Duration::from_millis(40);
    let mut interval = time::interval_at(time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
    let first = interval.tick().await;
    time::sleep(period * 3 + period / 2).await;
    let late = interval.tick().await;
    let mut story = vec![format!("in its rhythm {}", late == first + period)];
    let next = interval.tick().await;
    let skipped = next - first;
    story.push(format!("late by less than a period {}", skipped >= period * 4));
    // the machine may have been slower still
    story.push(format!("then a period after {}", skipped.as_millis() % period.as_millis() == 0));
    Ok(story)
}

//> not yet
//> moved later true
//> over true
pub(in super::super) async fn sleeps_are_moved(_: SimContext) -> Story {
    let start = time::Instant::now();
    let mut sleep = pin!(time::sleep(Duration::from_secs(3600)));
    let mut story = vec![line(if sleep.is_elapsed() { "over" } else { "not yet" })];
    sleep.as_mut().reset(start + Duration::from_millis(20));
    sleep.as_mut().await;
    story.push(format!("moved later {}", start.elapsed() >= Duration::from_millis(20)));
    story.push(format!("over {}", sleep.deadline() <= time::Instant::now()));
    Ok(story)
}

//> the one that is ready: 1
//> biased: first
//> each came: true
pub(in super::super) async fn selects_take_who_is_ready(_: SimContext) -> Story {
    let one = select! {
        () = std::future::pending::<()>() => 0,
        () = time::sleep(Duration::from_millis(1)) => 1,
    };
    let biased = select! {
        biased;
        () = async {} => "first",
        () = async {} => "second",
    };
    let mut came = [false; 2];
    for _ in 0..200 {
        let which = select! {
            () = async {} => 0,
            () = async {} => 1,
        };
        came[which] = true;
    }
    Ok(vec![
        format!("the one that is ready: {one}"),
        format!("biased: {biased}"),
        format!("each came: {}", super::fair(came)),
    ])
}

//> counted 10
//> watched 3
//> woken
pub(in super::super) async fn tasks_talk_through_channels(ctx: SimContext) -> Story {
    let count = std::sync::Arc::new(sync::Mutex::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let count = count.clone();
            ctx.task().spawn(async move { *count.lock().await += 1 })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    let (set, mut watch) = sync::watch::channel(0);
    let setter = ctx.task().spawn(async move { set.send(3).is_ok() });
    let changed = watch.changed().await.is_ok();
    setter.await?;
    let watched = *watch.borrow();
    let notify = std::sync::Arc::new(sync::Notify::new());
    let waker = notify.clone();
    ctx.task().spawn(async move { waker.notify_one() });
    notify.notified().await;
    let counted = *count.lock().await;
    Ok(vec![format!("counted {counted}"), format!("watched {}", if changed { watched } else { 0 }), line("woken")])
}

//> "ping" from the right one: true
//> connected: "pong"
//> empty Err(WouldBlock)
pub(in super::super) async fn datagrams_come_and_go(ctx: SimContext) -> Story {
    let here = ctx.network().bind_udp((ctx.my_ip(), 0)).await?;
    let there = net::UdpSocket::bind((ctx.my_ip(), 0)).await?;
    here.send_to(b"ping", there.local_addr()?).await?;
    let mut buffer = [0; 16];
    let (length, from) = there.recv_from(&mut buffer).await?;
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let mut story = vec![format!("{text:?} from the right one: {}", from == here.local_addr()?)];
    there.connect(from).await?;
    there.send(b"pong").await?;
    let length = here.recv(&mut buffer).await?;
    story.push(format!("connected: {:?}", String::from_utf8_lossy(&buffer[..length])));
    story.push(told("empty", here.try_recv(&mut buffer)));
    Ok(story)
}

//> in range true
//> one of them true
//> by weight 1
//> never false, always true
//> shuffled [0, 1, 2, 3, 4, 5, 6, 7]
//> labelled true
pub(in super::super) async fn randomness_keeps_to_its_ranges(ctx: SimContext) -> Story {
    let random = ctx.random();
    let in_range = (0..100).all(|_| (3..7).contains(&random.random_range(3..7)));
    let chosen = random.choose(&["a", "b"]).is_some_and(|one| ["a", "b"].contains(one));
    let mut items = Vec::from_iter(0..8);
    random.shuffle(&mut items);
    items.sort_unstable();
    let labelled = random.label("delay").random_range(Duration::ZERO..Duration::from_secs(1)) < Duration::from_secs(1);
    Ok(vec![
        format!("in range {in_range}"),
        format!("one of them {chosen}"),
        format!("by weight {}", random.weighted(&[0, 1, 0])),
        format!("never {}, always {}", random.random_bool(0.0), random.random_ratio(1, 1)),
        format!("shuffled {items:?}"),
        format!("labelled {}", labelled && random.scope("op", 1).random::<f64>() < 1.0),
    ])
}

//> its name is probe
//> number 0 of 1
//> its kind has 1
//> found by name true
//> booted 0 times before
//> leaving false, stopping false
pub(in super::super) async fn it_knows_who_it_is(ctx: SimContext) -> Story {
    let listener = ctx.network().bind(ctx.my_ip()).await?;
    let client = ctx.network().connect("probe").await?;
    let (server, _) = listener.accept().await?;
    let found = client.peer_addr()? == server.local_addr()?;
    Ok(vec![
        format!("its name is {}", ctx.name().trim_end_matches("-0")),
        format!("number {} of {}", ctx.client_id(), ctx.client_count()),
        format!("its kind has {}", ctx.peers("probe").len()),
        format!("found by name {}", found && ctx.topology().all_process_ips().contains(&ctx.my_ip())),
        format!("booted {} times before", ctx.boot()),
        format!("leaving {}, stopping {}", ctx.is_leaving(), ctx.shutdown().is_cancelled()),
    ])
}

//> buggify false
//> or 64
//> went on
pub(in super::super) async fn what_is_for_simulations_does_no_harm(ctx: SimContext) -> Story {
    let fired = buggify!("never here", 1.0);
    let normal = buggify_or!(64, 1..=8);
    assert_always!(normal == 64, "the normal value");
    assert_sometimes!(true, "a goal");
    ctx.state().guide("probe", &[1, 2]);
    ctx.state().publish("probe", 1_u32);
    ctx.note(|| "a line".to_owned());
    Ok(vec![format!("buggify {fired}"), format!("or {normal}"), line("went on")])
}

//> timed out: deadline has elapsed
//> entity not found
//> joined: true
pub(in super::super) async fn errors_become_its_own(ctx: SimContext) -> Story {
    async fn late(ctx: &SimContext) -> SimulationResult<()> {
        ctx.time().timeout(Duration::from_millis(1), std::future::pending::<()>()).await?;
        Ok(())
    }
    async fn lost() -> SimulationResult<()> {
        Err(io::Error::from(io::ErrorKind::NotFound))?
    }
    async fn aborted(ctx: &SimContext) -> SimulationResult<()> {
        let task = ctx.task().spawn(std::future::pending::<()>());
        task.abort();
        task.await?;
        Ok(())
    }
    Ok(vec![
        late(&ctx).await.unwrap_err().to_string(),
        lost().await.unwrap_err().to_string(),
        format!("joined: {}", matches!(aborted(&ctx).await, Err(SimulationError::Other(_)))),
    ])
}
