import type { AccessDependencies } from './access-dependencies.js';
import { createCreateDepartment } from './departments/create-department.js';
import { createRenameDepartment } from './departments/rename-department.js';
import { createAddGroupMember } from './groups/add-group-member.js';
import { createGroup } from './groups/create-group.js';
import { createDeleteGroup } from './groups/delete-group.js';
import { createRemoveGroupMember } from './groups/remove-group-member.js';
import { createDisableUser, createEnableUser } from './members/disable-user.js';
import { createInviteMember } from './members/invite-member.js';
import { createRemoveMember } from './members/remove-member.js';
import { createOrganization } from './organizations/create-organization.js';
import { createMoveOrganization } from './organizations/move-organization.js';
import { createRenameOrganization } from './organizations/rename-organization.js';
import { clearPolicyValue } from './policies/clear-policy-value.js';
import { createSetPolicyValue } from './policies/set-policy-value.js';
import { createCreateProject } from './projects/create-project.js';
import { createMoveProject } from './projects/move-project.js';
import { createRenameProject } from './projects/rename-project.js';
import { createSetQuota } from './quotas/set-quota.js';
import { createCreateRoleBinding } from './role-bindings/create-role-binding.js';
import { createRevokeRoleBinding } from './role-bindings/revoke-role-binding.js';
import { createCreateRole } from './roles/create-role.js';
import { createDeleteRole } from './roles/delete-role.js';
import { createUpdateRole } from './roles/update-role.js';

/** Every command of access, made once. */
export function accessCommands(dependencies: AccessDependencies) {
  return {
    createOrganization,
    renameOrganization: createRenameOrganization(dependencies),
    suspendOrganization: createMoveOrganization(dependencies, 'suspend'),
    reinstateOrganization: createMoveOrganization(dependencies, 'reinstate'),
    closeOrganization: createMoveOrganization(dependencies, 'close'),
    createDepartment: createCreateDepartment(dependencies),
    renameDepartment: createRenameDepartment(dependencies),
    createProject: createCreateProject(dependencies),
    renameProject: createRenameProject(dependencies),
    archiveProject: createMoveProject(dependencies, 'archive'),
    restoreProject: createMoveProject(dependencies, 'restore'),
    inviteMember: createInviteMember(dependencies),
    removeMember: createRemoveMember(dependencies),
    disableUser: createDisableUser(dependencies),
    enableUser: createEnableUser(dependencies),
    createGroup,
    deleteGroup: createDeleteGroup(dependencies),
    addGroupMember: createAddGroupMember(dependencies),
    removeGroupMember: createRemoveGroupMember(dependencies),
    createRole: createCreateRole(dependencies),
    updateRole: createUpdateRole(dependencies),
    deleteRole: createDeleteRole(dependencies),
    createRoleBinding: createCreateRoleBinding(dependencies),
    revokeRoleBinding: createRevokeRoleBinding(dependencies),
    setQuota: createSetQuota(dependencies.registry),
    setPolicyValue: createSetPolicyValue(dependencies.registry),
    clearPolicyValue,
  };
}

export type AccessCommands = ReturnType<typeof accessCommands>;
