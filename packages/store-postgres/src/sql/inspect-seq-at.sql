-- The seqs between which events of a time lie, without an index on it: created_at is drawn just after seq, so a shard's
-- primary key is in the order of both but for the moment that two sessions race, and for a clock that was set back;
-- $4 is the margin for these. One search by halves a shard and time, each step a probe of the primary key. What a shard
-- finds holds for all of them; a few shards do, and the narrowest wins.
-- $1 shards, $2 since or null, $3 until or null, $4 margin in ms. Answers: from which seq on, and below which one; null
-- where nothing bounds it.
with recursive wanted (is_until, moment) as (
  select false, $2::timestamptz - $4::int * interval '1 ms'
  union all
  select true, $3::timestamptz + $4::int * interval '1 ms'
),
-- low: every row of the shard below it is before the moment. high: the first row at or after the moment is not above it.
search as (
  select w.is_until, w.moment, line.shard, ends.first_seq, ends.first_seq as low, ends.last_seq + 1 as high
  from wanted w
  cross join unnest($1::smallint[]) as line (shard)
  cross join lateral (
    select
      (select e.seq from siding.event e where e.shard = line.shard order by e.seq limit 1) as first_seq,
      (select e.seq from siding.event e where e.shard = line.shard order by e.seq desc limit 1) as last_seq
  ) ends
  where w.moment is not null and ends.first_seq is not null
  union all
  select s.is_until, s.moment, s.shard, s.first_seq,
    case when probe.created_at < s.moment then probe.seq + 1 else s.low end,
    case when probe.created_at < s.moment then s.high else s.low + (s.high - s.low) / 2 end
  from search s
  left join lateral (
    select e.seq, e.created_at
    from siding.event e
    where e.shard = s.shard and e.seq >= s.low + (s.high - s.low) / 2 and e.seq < s.high
    order by e.seq
    limit 1
  ) probe on true
  where s.low < s.high
),
found as (
  select f.is_until, f.shard, f.low, f.first_seq,
    f.low > (select e.seq from siding.event e where e.shard = f.shard order by e.seq desc limit 1) as is_past_end
  from search f
  where f.low >= f.high
)
select
  -- A shard without a row before the moment says nothing of the others, whose rows may begin earlier.
  (select max(low) from found where not is_until and low > first_seq)::text as from_seq,
  (select min(low) from found where is_until and not is_past_end)::text as below_seq
