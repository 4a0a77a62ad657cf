//! The calls of `idl/isp.idol`, and the notifications.

use core::convert::Infallible;
use drv_isp::{Held, check_rate, formats, topology};
use idl::idol_runtime::{R, W};
use idl::types::{
    BlockState, BufferIndex, CCDC_PIECE_BYTES_MAX, CcdcFeatures, CcdcParameters, CcdcTable, Choice,
    ControlDescription, ControlId, Drained, EntityDescription, Feed, FormatChange, FrameStart,
    Generation, IspError, LinkDescription, Name, NextStatistics, Offer, PREVIEW_TABLE_BYTES_MAX,
    Pipeline, PoolId, PowerState, PreviewFeatures, PreviewParameters, PreviewTable, ReadTiming,
    StatisticsConfig, StatisticsEngine, VideoNode,
};
use idl::{CallInfo, Leased, RequestError, isp};
use ringbuf::ringbuf_entry;
use userlib::notification;

use crate::{Server, TRACE, Trace};

/// Counts of the histogram that one call reads (`max_len` of the lease).
const COUNTS_MAX: usize = 128;

type Reply<T> = Result<T, RequestError<IspError>>;

impl isp::InOrderIspImpl for Server<'_> {
    fn notification_mask(&self) -> u32 {
        notification!("isp_irq")
            | notification!("timer")
            | notification!("power_edge")
            | notification!("peer_edge")
    }

    fn handle_notification(&mut self, bits: u32) {
        if bits & notification!("peer_edge") != 0 {
            self.drain_watches();
        }
        if bits & notification!("power_edge") != 0 {
            let state = self.power.state().unwrap_or(PowerState::Off);
            self.power_edge(state);
        }
        if bits & notification!("isp_irq") != 0 {
            let news = self.with(|driver, outside| driver.interrupt(outside));
            self.tell(news);
            userlib::sys_irq_control(notification!("isp_irq"), true);
        }
        if bits & notification!("timer") != 0 {
            self.alarm.fired();
            let news = self.with(|driver, outside| driver.timer(outside));
            self.tell(news);
        }
    }

    fn before_wait(&mut self) {
        self.settle();
    }

    fn describe_entity(&mut self, _: &CallInfo, index: u8) -> Reply<EntityDescription> {
        Ok(topology::entity(index)?)
    }

    fn describe_link(&mut self, _: &CallInfo, index: u8) -> Reply<LinkDescription> {
        Ok(topology::link(index)?)
    }

    fn default_state(&mut self, _: &CallInfo, entity: u8) -> Reply<BlockState> {
        Ok(formats::default_state(entity)?)
    }

    fn adjust(
        &mut self,
        _: &CallInfo,
        entity: u8,
        state: BlockState,
        feed: Feed,
        change: FormatChange,
    ) -> Reply<BlockState> {
        Ok(formats::adjust(entity, state, feed, change)?)
    }

    fn enumerate(
        &mut self,
        _: &CallInfo,
        entity: u8,
        state: BlockState,
        feed: Feed,
        pad: u8,
        choice: Choice,
    ) -> Reply<Offer> {
        Ok(formats::enumerate(entity, state, feed, (pad, choice))?)
    }

    fn start(&mut self, _: &CallInfo, pipeline: Pipeline, pixel_rate_hz: u32) -> Reply<()> {
        ringbuf_entry!(TRACE, Trace::Start(pipeline.video));
        let started = check_rate(&pipeline.input, pixel_rate_hz)
            .and_then(|()| self.with(|driver, outside| driver.start(&pipeline, outside)));
        let news = started.inspect_err(|error| ringbuf_entry!(TRACE, Trace::Refused(*error)))?;
        self.tell(news);
        Ok(())
    }

    fn stop(&mut self, _: &CallInfo, video: VideoNode) -> Reply<()> {
        ringbuf_entry!(TRACE, Trace::Stop(video));
        let news = self.with(|driver, outside| driver.stop(video, outside))?;
        self.tell(news);
        Ok(())
    }

    fn queue(
        &mut self,
        _: &CallInfo,
        video: VideoNode,
        pool: PoolId,
        buffer: BufferIndex,
        timing: ReadTiming,
    ) -> Reply<()> {
        let given = (Held { pool, buffer }, timing);
        let news = self.with(|driver, outside| driver.queue(video, given, outside))?;
        self.tell(news);
        Ok(())
    }

    fn next_done(&mut self, _: &CallInfo, video: VideoNode) -> Reply<Drained> {
        Ok(self.driver.next_done(video)?)
    }

    fn xclk(&mut self, call: &CallInfo, frequency_hz: u32) -> Reply<u32> {
        Ok(self.driver.xclk(call.sender, frequency_hz, &mut self.registers)?)
    }

    fn expect_frames(&mut self, call: &CallInfo, interval_us: u32) -> Reply<()> {
        Ok(self.driver.expect_frames(call.sender, interval_us)?)
    }

    fn ping(&mut self, _: &CallInfo) -> Result<Generation, RequestError<Infallible>> {
        Ok(self.life)
    }

    fn frame_start(&mut self, _: &CallInfo) -> Reply<FrameStart> {
        Ok(self.driver.frame_start()?)
    }

    fn query_control(
        &mut self,
        _: &CallInfo,
        entity: Name,
        index: u8,
    ) -> Reply<ControlDescription> {
        Ok(self.driver.query_control(&entity, index)?)
    }

    fn get_control(&mut self, _: &CallInfo, entity: Name, id: ControlId) -> Reply<i32> {
        Ok(self.driver.get_control(&entity, id)?)
    }

    fn set_control(&mut self, _: &CallInfo, entity: Name, id: ControlId, value: i32) -> Reply<i32> {
        Ok(self.driver.set_control(&entity, id, value, &mut self.registers)?)
    }

    fn statistics_configure(&mut self, call: &CallInfo, config: StatisticsConfig) -> Reply<u16> {
        let node = call.sender;
        Ok(self.with(|driver, outside| driver.statistics.configure(node, &config, outside))?)
    }

    fn statistics_enable(
        &mut self,
        call: &CallInfo,
        engine: StatisticsEngine,
        on: bool,
    ) -> Reply<()> {
        let node = call.sender;
        Ok(self.with(|driver, outside| driver.statistics.enable(node, (engine, on), outside))?)
    }

    fn statistics_queue(
        &mut self,
        call: &CallInfo,
        engine: StatisticsEngine,
        pool: PoolId,
        buffer: BufferIndex,
    ) -> Reply<()> {
        let (node, held) = (call.sender, Held { pool, buffer });
        Ok(self.with(|driver, outside| driver.statistics.queue(node, (engine, held), outside))?)
    }

    fn statistics_next(
        &mut self,
        call: &CallInfo,
        engine: StatisticsEngine,
    ) -> Reply<NextStatistics> {
        let node = call.sender;
        Ok(self.with(|driver, outside| driver.statistics.next(node, engine, outside)))
    }

    fn statistics_counts(
        &mut self,
        call: &CallInfo,
        first: u16,
        counts: Leased<W, [u8]>,
    ) -> Reply<()> {
        let mut words = [0; COUNTS_MAX];
        let count = counts.len() / size_of::<u32>();
        let words = words.get_mut(..count).ok_or(IspError::NotStreaming)?;
        let piece = (call.sender, first);
        self.with(|driver, outside| driver.statistics.counts(piece, words, outside))?;
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        let mut flat = [0; COUNTS_MAX * size_of::<u32>()];
        flat.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Ok(counts.write_range(0, &flat[..4 * count])?)
    }

    fn preview_parameters(
        &mut self,
        _: &CallInfo,
        entity: Name,
        parameters: PreviewParameters,
    ) -> Reply<()> {
        Ok(self.driver.preview_parameters(&entity, &parameters)?)
    }

    fn preview_table(
        &mut self,
        _: &CallInfo,
        entity: Name,
        table: PreviewTable,
        entries: Leased<R, [u8]>,
    ) -> Reply<()> {
        let mut bytes = [0; PREVIEW_TABLE_BYTES_MAX];
        let bytes = bytes.get_mut(..entries.len()).ok_or(IspError::InvalidConfiguration)?;
        entries.read_range(0, bytes)?;
        Ok(self.driver.preview_table(&entity, table, bytes)?)
    }

    fn preview_configure(
        &mut self,
        _: &CallInfo,
        entity: Name,
        update: PreviewFeatures,
        flag: PreviewFeatures,
    ) -> Reply<()> {
        let switches = (update, flag);
        Ok(self.with(|driver, outside| driver.preview_configure(&entity, switches, outside))?)
    }

    fn ccdc_parameters(
        &mut self,
        _: &CallInfo,
        entity: Name,
        parameters: CcdcParameters,
    ) -> Reply<()> {
        Ok(self.driver.ccdc_parameters(&entity, &parameters)?)
    }

    fn ccdc_table(
        &mut self,
        _: &CallInfo,
        entity: Name,
        table: CcdcTable,
        whole_bytes: u32,
        offset: u32,
        piece: Leased<R, [u8]>,
    ) -> Reply<()> {
        let mut bytes = [0; CCDC_PIECE_BYTES_MAX];
        let bytes = bytes.get_mut(..piece.len()).ok_or(IspError::InvalidConfiguration)?;
        piece.read_range(0, bytes)?;
        let buffer = self.driver.ccdc_table(&entity, (table, whole_bytes), offset, bytes)?;
        self.tables.write(buffer, offset, bytes);
        Ok(())
    }

    fn ccdc_configure(
        &mut self,
        _: &CallInfo,
        entity: Name,
        update: CcdcFeatures,
        flag: CcdcFeatures,
    ) -> Reply<()> {
        let switches = (update, flag);
        Ok(self.with(|driver, outside| driver.ccdc_configure(&entity, switches, outside))?)
    }

    fn set_crop(&mut self, _: &CallInfo, video: VideoNode, resizer: BlockState) -> Reply<()> {
        Ok(self.with(|driver, outside| driver.set_crop(video, &resizer, outside))?)
    }
}
