-- Takes a policy away. $1 its name.
delete from siding.policy where name = $1 returning name
