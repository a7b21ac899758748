"""Of the audit: its key, its chain, its files."""

from __future__ import annotations

from kantu.errors.catalogue.row import Row
from kantu.errors.types import InvalidRequestError, NotFoundError, StoreError

# fmt: off
ROWS = {
    "audit_unavailable": Row(StoreError, 503, retry_after_seconds=5.0,
        zh="审计暂时写不进去，按设置（audit.when_unwritable）不处理请求；请稍后重试。",
        en="The audit cannot be written at the moment, and the settings (audit.when_unwritable) say to refuse requests then; try again later."),
    "audit_chain_broken": Row(StoreError, 503,
        zh="审计链的末尾与签名不符，什么都没有做。请用 kantu audit verify 查明，再用 kantu audit accept 继续。",
        en="The end of the audit chain does not fit its signature; nothing has been done. Find out why with kantu audit verify, then go on with kantu audit accept."),
    "audit_key_wrong": Row(StoreError, 503, param="audit.key_file",
        zh="审计链是用另一把密钥签名的，什么都没有做。请恢复原来的密钥文件（audit.key_file）；换新密钥时在文件末尾加一行，旧的保留。",
        en="Another key has signed the audit chain; nothing has been done. Restore the key file (audit.key_file); to change keys, add a line at its end and keep the old ones."),
    "audit_key_unreadable": Row(StoreError, None, param="audit.key_file",
        zh="读不到审计密钥 {path}（每行 64 个十六进制数字）。已有审计记录时不会新建密钥：请从备份恢复它。",
        en="The audit key {path} cannot be read (64 hexadecimal digits a line). Where there are records no new key is made: restore it from a backup."),
    "audit_key_insecure": Row(StoreError, None, param="audit.key_file",
        zh="审计密钥 {path} 别人也能读；请改权限：chmod 600。",
        en="Others may read the audit key {path}; change its mode: chmod 600."),
    "audit_key_unwritable": Row(StoreError, None, param="audit.key_file",
        zh="无法新建审计密钥 {path}；请检查文件夹的权限和磁盘。",
        en="The audit key {path} cannot be made; check the folder's mode and the disk."),
    "audit_file_unreadable": Row(StoreError, None, param="file",
        zh="读不了 {path}，或它不是审计的归档、锚点文件。",
        en="{path} cannot be read, or is no file of archived audit records or anchors."),
    "audit_file_unwritable": Row(StoreError, None, param="audit.archive_folder",
        zh="审计归档写不进 {path}；什么都没有移走。",
        en="The audit cannot be archived to {path}; nothing has been moved."),
    "audit_archive_broken": Row(StoreError, None, param="file",
        zh="归档 {path} 从第 {sequence} 条起与签名不符，不能恢复。",
        en="The archive {path} does not fit its signatures from entry {sequence} on, and cannot be restored."),
    "audit_archive_not_next": Row(StoreError, None, param="file",
        zh="归档 {path} 不与数据库里最早的记录相接；请从最近的月份开始，一个一个往前恢复。",
        en="The archive {path} does not end where the table's records begin; restore the newest month first, then the one before."),
    "audit_entry_not_found": Row(NotFoundError, None, param="behind",
        zh="数据库里没有第 {sequence} 条审计记录。",
        en="The table has no audit entry {sequence}."),
    "audit_broken": Row(StoreError, None,
        zh="审计链从第 {sequence} 条起不可信（{kind}）。",
        en="The audit chain cannot be trusted from entry {sequence} on ({kind})."),
    "invalid_audit_time": Row(InvalidRequestError, None, param="{name}",
        zh="{name} 不是时间；请写成 2026-01-31 或 2026-01-31T08:00:00+08:00。",
        en="{name} is no time; write 2026-01-31 or 2026-01-31T08:00:00+08:00."),
    "invalid_settings.audit_destination": Row(InvalidRequestError, None,
        zh="设置有误：audit.anchor_syslog 要像 udp://、tcp:// 或 tls://主机:端口，audit.anchor_url 要以 https:// 或 http:// 开头，audit.anchor_ca_file 要是 PEM 文件。",
        en="Invalid settings: audit.anchor_syslog must be like udp://, tcp:// or tls://host:port, audit.anchor_url must start with https:// or http://, and audit.anchor_ca_file must be a PEM file."),
}
