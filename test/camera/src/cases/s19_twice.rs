//! S19: removed twice, or the driver dies while it is being removed: the same end. S41: two deaths in
//! a row: the disconnect procedure runs once per life.

use idl::types::{Control, Generation, Note, Outlook, StoryKind};

use super::removal;
use crate::check::{Failure, Verdict, equal, ok};
use crate::ensure;
use crate::stage::{QUIET_US, Running, Stage};
use crate::text::Text;

fn ends_stopped(stage: &mut Stage, running: &Running, what: &str) -> Result<(), Failure> {
    let record = stage.wait_for(what, QUIET_US, |stage| Ok(stage.record(running.handle).ok()))?;
    equal("which life", record.generation, running.epoch)?;
    stage.wait_for("quiet", QUIET_US, |stage| {
        let outlook = ok("outlook", stage.supervisor.outlook(stage.isp))?;
        Ok((outlook == Outlook::Stopped).then_some(()))
    })?;
    equal("the record later", stage.record(running.handle)?, record)?;
    ok("close", stage.video.close(running.handle))?;
    stage.at_baseline()?;
    stage.control(stage.isp, Control::Start)?;
    let next = stage.all_ready(Some(running.epoch))?;
    equal("lives that passed", next.0 - running.epoch.0, 1)
}

pub fn twice(stage: &mut Stage) -> Verdict {
    let pairs = [
        (Control::Stop, Control::Stop),
        (Control::Remove, Control::Remove),
        (Control::Remove, Control::Stop),
        (Control::Stop, Control::Remove),
    ];
    for (first, second) in pairs {
        let running = stage.stream(4)?;
        stage.run_frames(&running, 2)?;
        stage.control(stage.isp, first)?;
        stage.control(stage.isp, second)?;
        ends_stopped(stage, &running, "the end of the stream")?;
    }
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("{} pairs", pairs.len())))
}

/// How often the story says that handles of this life were told, by the node that told most.
fn told(stage: &mut Stage, life: Generation) -> Result<u32, Failure> {
    let (isp, mut count) = (stage.isp, [0_u32; 32]);
    let _ = stage.story("nothing: all of it is read", |event| {
        if let StoryKind::Note(Note::Told { peer, generation, .. }) = event.kind
            && (peer, generation) == (isp, life)
        {
            count[usize::from(event.task.0)] += 1;
        }
        None::<()>
    });
    Ok(count.into_iter().max().unwrap_or(0))
}

pub fn in_a_row(stage: &mut Stage) -> Verdict {
    stage.forget_story()?;
    let begun = stage.cursor;
    let mut lives = [Generation(0); 3];
    for life in &mut lives {
        let running = stage.stream(4)?;
        *life = running.epoch;
        stage.control(stage.isp, Control::Restart)?;
        stage.control(stage.isp, Control::Restart)?;
        let next = stage.all_ready(Some(running.epoch))?;
        ensure!(next > running.epoch, "life {next:?} follows {:?}", running.epoch);
        equal("the record", stage.record(running.handle)?.generation, running.epoch)?;
        ok("close", stage.video.close(running.handle))?;
        stage.at_baseline()?;
    }
    for life in lives {
        stage.cursor = begun;
        equal("times that one node told its handles", told(stage, life)?, 1)?;
    }
    removal::streams_again(stage, 2)?;
    Ok(Text::of(format_args!("lives {} to {}", lives[0].0, lives[2].0)))
}
