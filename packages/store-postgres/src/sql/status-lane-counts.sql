-- How many lanes there are of each reason. Crosses shards on purpose: it counts them all.
select l.reason, count(*)::text as lanes
from siding.lanes l
group by l.reason
order by l.reason
