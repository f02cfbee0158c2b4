-- The schema's version, for a command to compare with its own.
select max(version)::text as version from siding.migration
