"""Tables → statistics, predicates of the gates, and the report."""
