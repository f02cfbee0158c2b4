-- Makes whoever changes policies or pauses wait for whoever does so now, so that each sees what it changes.
select version::text as version from siding.policy_version for update
