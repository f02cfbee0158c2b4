-- Who was given another synchronous_commit than the server's, in this database: applications that enqueue may be among them.
select coalesce('role ' || r.rolname, 'every role') || case when s.setdatabase <> 0 then ' in this database' else '' end as who,
  substr(given.text, length('synchronous_commit=') + 1) as value
from pg_db_role_setting s
cross join unnest(s.setconfig) given (text)
left join pg_roles r on r.oid = s.setrole
where given.text like 'synchronous\_commit=%'
  and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
order by who
