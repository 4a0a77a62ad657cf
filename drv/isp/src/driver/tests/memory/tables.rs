//! Jobs, and what a client configures, or the death of the ledger takes away, between two of them.

use super::*;

/// Jobs that wait in both queues do not keep a configuration off: it comes before the next one.
#[test]
fn a_configuration_comes_before_the_next_job() {
    let preview = Name::new("OMAP3 ISP preview");
    let through = |pipeline: &Pipeline| pipeline.preview.is_some();
    for pipeline in all().into_iter().filter(through) {
        let mut jobs = Jobs::new();
        let (input, output) = ends(&pipeline);
        jobs.start(&pipeline).expect("a good pipeline");
        for index in 0..3 {
            jobs.queue(input, index).expect("room");
            jobs.queue(output, 8 + index).expect("room");
        }
        let mut looks = vec![jobs.model.borrow_mut().look()];
        for (feature, table) in [
            (PreviewFeatures::RGB2RGB, None),
            (PreviewFeatures::GAMMA, Some(PreviewTable::GreenGamma)),
        ] {
            if let Some(table) = table {
                jobs.driver.preview_table(&preview, table, &[7; 1024]).expect("a whole table");
            }
            // Blending is switched off, and gamma stays on with another table.
            let flag = if table.is_some() { feature } else { PreviewFeatures::NONE };
            jobs.with(|driver, outside| {
                driver.preview_configure(&preview, (feature, flag), outside)
            })
            .expect("it is supported");
            let shown = jobs.model.borrow_mut().look();
            assert!(Some(&shown) == looks.last(), "the job in progress keeps its look");
            jobs.end_job();
            (0..10).for_each(|_| _ = jobs.timer());
            looks.push(jobs.model.borrow_mut().look());
            let [.., before, after] = looks.as_slice() else { panic!("two looks") };
            assert!(before != after, "{:?}: {feature:?}", pipeline.video);
        }
        jobs.end_job();
        let flags: Vec<_> = jobs.fetch(output).frames.iter().map(|it| it.flags.0).collect();
        assert_eq!(flags, [0; 3]);
        jobs.at_rest();
    }
}

/// Tables that went with the ledger are off in the hardware too, or each further job would be damaged.
#[test]
fn jobs_after_the_ledgers_death_read_no_table() {
    let (ccdc, faults) = (Name::new("OMAP3 ISP CCDC"), CcdcFeatures::FPC);
    let entry = (7_u32 << 5 | 1).to_le_bytes();
    for is_busy in [false, true] {
        let mut jobs = Jobs::new();
        let table = (CcdcTable::FaultPixels, 4);
        assert!(jobs.driver.ccdc_table(&ccdc, table, 0, &entry).is_ok());
        let switched =
            jobs.with(|driver, outside| driver.ccdc_configure(&ccdc, (faults, faults), outside));
        assert_eq!(switched, Ok(()));
        jobs.start(&received(&raw(), PixelFormat::SGRBG10)).expect("a good pipeline");
        let word = |jobs: &Jobs| jobs.model.borrow_mut().read_at(ccdc_registers::FPC.offset());
        assert_eq!(word(&jobs), 1 << 15 | 1);
        if is_busy {
            jobs.queue(VideoNode::Ccp2Input, 1).expect("room");
            jobs.queue(VideoNode::CcdcOutput, 9).expect("room");
        }
        jobs.model.borrow_mut().tables.clear();
        jobs.with(|driver, outside| driver.lose_tables(outside));
        assert_eq!(word(&jobs), 0, "busy: {is_busy}");
    }
}
