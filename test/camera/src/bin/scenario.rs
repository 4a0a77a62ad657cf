//! The scenario: runs the case that the parameter block names, reports it, ends the machine.
#![cfg_attr(target_os = "none", no_std, no_main)]

use drv_isp_regs::Block;
use idl::parameters::Parameters;
use idl::types::PoolId;
use idl::{ctl, frames, graph, media, statistics, subdev, supervisor, video};
use task_client::Camera;
use test_camera::bench::Bench;
use test_camera::cases::CASES;
use test_camera::clock;
use test_camera::failure;
use test_camera::mmio::{Pixels, Registers};
use test_camera::report::Line;
use test_camera::stage::{Library, MappedPool, Node, Nodes, Stage};
use test_camera::witnesses::{WITNESSES, Witnesses};
use userlib::{
    Generation, TaskIndex, config_u32, config_u32s, notification, own_index, peripheral, region,
    slot, task_count,
};

userlib::entry!(main);

fn main() -> ! {
    let parameters = Parameters::read(task_client::constant!("parameters"));
    let case = CASES.get(parameters.case as usize);
    let name = case.map_or("no_such_case", |case| case.name);
    let begun_us = clock::now_us();
    let verdict = match case {
        // A second life means that the first one died in the middle of the case.
        _ if own_life() != Generation(0) => Err(failure!("the scenario itself died")),
        Some(case) => (case.run)(&mut stage()),
        None => Err(failure!("the image has {} cases, not {}", CASES.len(), parameters.case)),
    };
    let line = Line::case(name, &verdict, clock::now_us() - begun_us);
    let ctl = ctl::Client::to(slot!("ctl"));
    // Nobody is left to be told if the host bridge is gone: the host misses the line.
    let _ = ctl.line(line.as_bytes());
    let _ = ctl.finish(0);
    loop {
        clock::sleep_us(1_000_000, notification!("timer"));
    }
}

fn own_life() -> Generation {
    userlib::sys_refresh_task_id(own_index!()).generation()
}

/// What app.toml gives this task.
fn stage() -> Stage {
    // SAFETY: `uses = ["bench_control"]` maps that block there.
    let control = unsafe { Registers::new(peripheral!("bench_control"), Block::BenchControl) };
    let timer = notification!("timer");
    let witnesses = config_u32s!("witnesses");
    let witnesses = core::array::from_fn(|index| TaskIndex(witnesses[index] as u8));
    let library = Library {
        input: (slot!("video5"), task_client::writable_pool!("video5")),
        output: (slot!("video6"), task_client::pool!("video6")),
    };
    Stage {
        library: Some(library),
        bench: Bench::new(control),
        witnesses: Witnesses::new(witnesses, timer),
        timer,
        isp: slot!("isp"),
        sensor: slot!("sensor"),
        power: slot!("power"),
        ctl: slot!("ctl"),
        supervisor: supervisor::Client::to(slot!("supervisor")),
        frames: frames::Client::to(slot!("frames")),
        graph: graph::Client::to(slot!("graph")),
        media: media::Client::to(slot!("media0")),
        video: video::Client::to(slot!("video6")),
        nodes: Nodes {
            raw: Node {
                video: video::Client::to(slot!("video2")),
                pool: pool(config_u32!("bystander"), region!("video2")),
            },
            preview_input: Node {
                video: video::Client::to(slot!("video3")),
                pool: pool(config_u32!("preview_input"), region!("video3")),
            },
            preview_output: Node {
                video: video::Client::to(slot!("video4")),
                pool: pool(config_u32!("preview_output"), region!("video4")),
            },
            resizer_input: Node {
                video: video::Client::to(slot!("video5")),
                pool: pool(config_u32!("resizer_input"), region!("video5")),
            },
            ccp2_input: Node {
                video: video::Client::to(slot!("video0")),
                pool: pool(config_u32!("ccp2_input"), region!("video0")),
            },
            serial: Node {
                video: video::Client::to(slot!("video1")),
                pool: pool(config_u32!("csi2a_output"), region!("video1")),
            },
        },
        ccp2: slot!("ccp2"),
        csi2a: slot!("csi2a"),
        subdev: subdev::Client::to(slot!("ccdc")),
        statistics: [slot!("aewb"), slot!("af"), slot!("histogram")].map(statistics::Client::to),
        camera: Camera {
            media: slot!("media0"),
            sensor: slot!("sensor_node"),
            ccdc: slot!("ccdc"),
            preview: slot!("preview"),
            resizer: slot!("resizer"),
        },
        pool: pool(config_u32!("pool"), region!("video6")),
        bystander: pool(config_u32!("bystander"), region!("video2")),
        tasks: task_count!() as u8,
        cursor: 0,
        delegates: [false; WITNESSES],
    }
}

fn pool(id: u32, (base, bytes): (usize, usize)) -> MappedPool {
    // SAFETY: `readers = ["scenario"]` or `writers = ["scenario"]` of the region maps it for this task;
    // regions are aligned to 32 bytes. Cases write only into regions of the second kind.
    let pixels = unsafe { Pixels::new(base, bytes) };
    MappedPool { id: PoolId(id as u8), pixels }
}
